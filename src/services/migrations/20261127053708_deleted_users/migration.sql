ALTER TABLE `users` ADD `delete_time` integer;--> statement-breakpoint
CREATE INDEX `users_delete_time` ON `users` (`delete_time`);