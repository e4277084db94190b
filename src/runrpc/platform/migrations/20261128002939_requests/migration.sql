ALTER TABLE `request_log` ADD `request` text;--> statement-breakpoint
ALTER TABLE `request_log` ADD `request_note` text;