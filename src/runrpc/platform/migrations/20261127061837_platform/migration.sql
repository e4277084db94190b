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
	`calls_per_second` integer,
	`max_concurrent_calls` integer,
	`loopback_only` integer DEFAULT false NOT NULL
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
CREATE INDEX `keys_user` ON `keys` (`user_id`);--> statement-breakpoint
CREATE INDEX `request_log_started_at` ON `request_log` (`started_at`);