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
CREATE TABLE `keys` (
	`key_id` text PRIMARY KEY,
	`hash` blob NOT NULL,
	`user_id` text NOT NULL,
	`label` text NOT NULL,
	`scopes` text NOT NULL,
	`create_time` integer NOT NULL,
	`expire_time` integer,
	`revoke_time` integer,
	`last_use_time` integer,
	`use_count` integer DEFAULT 0 NOT NULL,
	`loopback_only` integer DEFAULT false NOT NULL,
	CONSTRAINT `fk_keys_user_id_users_id_fk` FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON DELETE CASCADE
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
CREATE TABLE `request_log` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`started_at` integer NOT NULL,
	`request_id` text NOT NULL,
	`service` text NOT NULL,
	`method` text NOT NULL,
	`kind` text NOT NULL,
	`protocol` text NOT NULL,
	`http_version` text NOT NULL,
	`code` text NOT NULL,
	`error` text NOT NULL,
	`duration_ms` real NOT NULL,
	`messages_in` integer NOT NULL,
	`messages_out` integer NOT NULL,
	`bytes_in` integer NOT NULL,
	`bytes_out` integer NOT NULL,
	`peer` text NOT NULL,
	`user_id` text,
	`key_id` text,
	`cancelled_by` text,
	`abandoned` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `users` (
	`seq` integer PRIMARY KEY AUTOINCREMENT,
	`id` text NOT NULL UNIQUE,
	`email` text NOT NULL,
	`email_key` text NOT NULL UNIQUE,
	`display_name` text NOT NULL,
	`create_time` integer NOT NULL,
	`update_time` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `events_user` ON `events` (`user_id`,`id`);--> statement-breakpoint
CREATE INDEX `keys_user` ON `keys` (`user_id`);--> statement-breakpoint
CREATE INDEX `logs_user_time` ON `logs` (`user_id`,`time`,`id`);--> statement-breakpoint
CREATE INDEX `chat_messages_user` ON `chat_messages` (`user_id`);--> statement-breakpoint
CREATE INDEX `request_log_started_at` ON `request_log` (`started_at`);