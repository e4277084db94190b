package main

import (
	"context"

	chatv1 "runrpc-wire/gen/rig/chat/v1"
	eventsv1 "runrpc-wire/gen/rig/events/v1"
	logsv1 "runrpc-wire/gen/rig/logs/v1"
	usersv1 "runrpc-wire/gen/rig/users/v1"
)

// client is what a scenario needs of a library: its generated methods, under one signature for both.
type client interface {
	// call gives the context of one call, which carries these headers.
	call(ctx context.Context, headers map[string]string) context.Context
	// getUser also gives the x-request-id of the answer.
	getUser(ctx context.Context, headers map[string]string, request *usersv1.GetUserRequest) (*usersv1.GetUserResponse, string, error)
	// nothing calls a method that no service has.
	nothing(ctx context.Context) error
	streamUsers(ctx context.Context, request *usersv1.StreamUsersRequest) (receiver[*usersv1.StreamUsersResponse], error)
	publishEvent(ctx context.Context, request *eventsv1.PublishEventRequest) (*eventsv1.PublishEventResponse, error)
	streamEvents(ctx context.Context, request *eventsv1.StreamEventsRequest) (receiver[*eventsv1.StreamEventsResponse], error)
	uploadLogs(ctx context.Context) (upload, error)
	listLogs(ctx context.Context, request *logsv1.ListLogsRequest) (*logsv1.ListLogsResponse, error)
	chat(ctx context.Context) (chat, error)
	// outcome is what an error says; code "ok" without one.
	outcome(err error) outcome
}

// receiver is the client's half of a server stream; the stream's end is io.EOF.
type receiver[Response any] interface {
	Recv() (Response, error)
}

// upload is a client stream. When the server has ended the call Send gives io.EOF, and CloseAndRecv the reason.
type upload interface {
	Send(*logsv1.UploadLogsRequest) error
	CloseAndRecv() (*logsv1.UploadLogsResponse, error)
}

// chat is a stream in both directions.
type chat interface {
	receiver[*chatv1.ChatResponse]
	Send(*chatv1.ChatRequest) error
	CloseSend() error
}

// outcome is how a call ended.
type outcome struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	// Field and rule of each violation in the error's details.
	Violations []string `json:"violations"`
}
