ALTER TABLE `keys` ADD `calls_per_second` integer;--> statement-breakpoint
ALTER TABLE `keys` ADD `max_concurrent_calls` integer;