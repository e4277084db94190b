ALTER TABLE "chat_messages" ADD COLUMN "call_id" text COLLATE "C";--> statement-breakpoint
CREATE INDEX "chat_messages_room" ON "chat_messages" ("room","id");