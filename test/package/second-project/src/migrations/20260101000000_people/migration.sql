CREATE TABLE `users` (
	`name` text PRIMARY KEY,
	`times` integer NOT NULL
);
