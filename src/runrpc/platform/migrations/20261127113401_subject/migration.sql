ALTER TABLE `keys` RENAME COLUMN `user_id` TO `subject`;--> statement-breakpoint
ALTER TABLE `request_log` RENAME COLUMN `user_id` TO `subject`;--> statement-breakpoint
DROP INDEX IF EXISTS `keys_user`;--> statement-breakpoint
CREATE INDEX `keys_subject` ON `keys` (`subject`);