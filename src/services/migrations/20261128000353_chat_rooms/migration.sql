ALTER TABLE `chat_messages` ADD `call_id` text;--> statement-breakpoint
CREATE INDEX `chat_messages_room` ON `chat_messages` (`room`,`id`);