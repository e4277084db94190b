ALTER TABLE "request_log" ADD COLUMN "request" text COLLATE "C";--> statement-breakpoint
ALTER TABLE "request_log" ADD COLUMN "request_note" text COLLATE "C";