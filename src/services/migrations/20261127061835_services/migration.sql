CREATE TABLE `events` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`user_id` text NOT NULL,
	`type` text NOT NULL,
	`create_time` integer NOT NULL,
	`size` integer NOT NULL,
	`payload` text,
	CONSTRAINT `fk_events_user_id_users_id_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE CASCADE
);
--> statement-breakpoint
CREATE TABLE `logs` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`user_id` text NOT NULL,
	`time` integer NOT NULL,
	`severity` integer NOT NULL,
	`size` integer NOT NULL,
	`message` text NOT NULL,
	`attributes` text,
	CONSTRAINT `fk_logs_user_id_users_id_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE CASCADE
);
--> statement-breakpoint
CREATE TABLE `chat_messages` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`room` text NOT NULL,
	`user_id` text NOT NULL,
	`text` text NOT NULL,
	`create_time` integer NOT NULL,
	CONSTRAINT `fk_chat_messages_user_id_users_id_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE CASCADE
);
--> statement-breakpoint
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
CREATE INDEX `events_user` ON `events` (`user_id`,`id`);--> statement-breakpoint
CREATE INDEX `logs_user_time` ON `logs` (`user_id`,`time`,`id`);--> statement-breakpoint
CREATE INDEX `chat_messages_user` ON `chat_messages` (`user_id`);--> statement-breakpoint
CREATE INDEX `users_delete_time` ON `users` (`delete_time`);