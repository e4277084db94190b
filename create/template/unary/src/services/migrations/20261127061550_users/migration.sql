CREATE TABLE `users` (
	`seq` integer PRIMARY KEY AUTOINCREMENT,
	`id` text NOT NULL UNIQUE,
	`email` text NOT NULL,
	`email_key` text NOT NULL UNIQUE,
	`display_name` text NOT NULL,
	`create_time` integer NOT NULL,
	`update_time` integer NOT NULL,
	`delete_time` integer
);
--> statement-breakpoint
CREATE INDEX `users_delete_time` ON `users` (`delete_time`);