package main

import (
	"context"
	"log"

	"connectrpc.com/connect"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	chatv1 "runrpc-wire/gen/rig/chat/v1"
	eventsv1 "runrpc-wire/gen/rig/events/v1"
	logsv1 "runrpc-wire/gen/rig/logs/v1"
	usersv1 "runrpc-wire/gen/rig/users/v1"
)

type grpcClient struct {
	conn   *grpc.ClientConn
	users  usersv1.UserServiceClient
	events eventsv1.EventServiceClient
	logs   logsv1.LogServiceClient
	chats  chatv1.ChatServiceClient
}

func newGrpcClient(o options) client {
	dial := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	if o.gzip {
		dial = append(dial, grpc.WithDefaultCallOptions(grpc.UseCompressor(gzip.Name)))
	}
	conn, err := grpc.NewClient(o.address, dial...)
	if err != nil {
		log.Fatal(err)
	}
	return &grpcClient{
		conn:   conn,
		users:  usersv1.NewUserServiceClient(conn),
		events: eventsv1.NewEventServiceClient(conn),
		logs:   logsv1.NewLogServiceClient(conn),
		chats:  chatv1.NewChatServiceClient(conn),
	}
}

func (c *grpcClient) call(ctx context.Context, headers map[string]string) context.Context {
	return metadata.NewOutgoingContext(ctx, metadata.New(headers))
}

func (c *grpcClient) getUser(ctx context.Context, headers map[string]string, request *usersv1.GetUserRequest) (*usersv1.GetUserResponse, string, error) {
	// The headers of an answer without messages come as its trailers.
	var header, trailer metadata.MD
	response, err := c.users.GetUser(c.call(ctx, headers), request, grpc.Header(&header), grpc.Trailer(&trailer))
	for _, id := range metadata.Join(header, trailer).Get("x-request-id") {
		return response, id, err
	}
	return response, "", err
}

func (c *grpcClient) nothing(ctx context.Context) error {
	return c.conn.Invoke(ctx, "/rig.users.v1.UserService/Nothing", &usersv1.GetUserRequest{}, &usersv1.GetUserResponse{})
}

func (c *grpcClient) streamUsers(ctx context.Context, request *usersv1.StreamUsersRequest) (receiver[*usersv1.StreamUsersResponse], error) {
	return c.users.StreamUsers(ctx, request)
}

func (c *grpcClient) publishEvent(ctx context.Context, request *eventsv1.PublishEventRequest) (*eventsv1.PublishEventResponse, error) {
	return c.events.PublishEvent(ctx, request)
}

func (c *grpcClient) streamEvents(ctx context.Context, request *eventsv1.StreamEventsRequest) (receiver[*eventsv1.StreamEventsResponse], error) {
	return c.events.StreamEvents(ctx, request)
}

func (c *grpcClient) uploadLogs(ctx context.Context) (upload, error) {
	return c.logs.UploadLogs(ctx)
}

func (c *grpcClient) listLogs(ctx context.Context, request *logsv1.ListLogsRequest) (*logsv1.ListLogsResponse, error) {
	return c.logs.ListLogs(ctx, request)
}

func (c *grpcClient) chat(ctx context.Context) (chat, error) {
	return c.chats.Chat(ctx)
}

func (c *grpcClient) outcome(err error) outcome {
	s := status.Convert(err)
	if s.Code() == codes.OK {
		return outcome{Code: "ok", Violations: []string{}}
	}
	// Connect's names, which are those of the request log, stand for the same numbers.
	return outcome{Code: connect.Code(s.Code()).String(), Message: s.Message(), Violations: violationsOf(s.Details())}
}
