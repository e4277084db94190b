package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"

	"connectrpc.com/connect"

	chatv1 "runrpc-wire/gen/rig/chat/v1"
	"runrpc-wire/gen/rig/chat/v1/chatv1connect"
	eventsv1 "runrpc-wire/gen/rig/events/v1"
	"runrpc-wire/gen/rig/events/v1/eventsv1connect"
	logsv1 "runrpc-wire/gen/rig/logs/v1"
	"runrpc-wire/gen/rig/logs/v1/logsv1connect"
	usersv1 "runrpc-wire/gen/rig/users/v1"
	"runrpc-wire/gen/rig/users/v1/usersv1connect"
)

type connectClient struct {
	// The HTTP method of a call without side effects.
	method  string
	users   usersv1connect.UserServiceClient
	events  eventsv1connect.EventServiceClient
	logs    logsv1connect.LogServiceClient
	chats   chatv1connect.ChatServiceClient
	unknown *connect.Client[usersv1.GetUserRequest, usersv1.GetUserResponse]
}

func newConnectClient(o options) client {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(o.http1)
	protocols.SetUnencryptedHTTP2(!o.http1)
	web := &http.Client{Transport: &http.Transport{Protocols: protocols}}
	url := "http://" + o.address
	with := connect.WithClientOptions(connectOptions(o)...)
	method := http.MethodPost
	if o.get {
		method = http.MethodGet
	}
	return &connectClient{
		method:  method,
		users:   usersv1connect.NewUserServiceClient(web, url, with),
		events:  eventsv1connect.NewEventServiceClient(web, url, with),
		logs:    logsv1connect.NewLogServiceClient(web, url, with),
		chats:   chatv1connect.NewChatServiceClient(web, url, with),
		unknown: connect.NewClient[usersv1.GetUserRequest, usersv1.GetUserResponse](web, url+"/rig.users.v1.UserService/Nothing", with),
	}
}

func connectOptions(o options) []connect.ClientOption {
	var with []connect.ClientOption
	switch o.protocol {
	case "connect":
	case "grpc":
		with = append(with, connect.WithGRPC())
	case "grpc-web":
		with = append(with, connect.WithGRPCWeb())
	default:
		log.Fatalf("protocol %q is not one of connect, grpc and grpc-web", o.protocol)
	}
	if o.gzip {
		with = append(with, connect.WithSendGzip())
	}
	if o.json {
		with = append(with, connect.WithProtoJSON())
	}
	if o.get {
		with = append(with, connect.WithHTTPGet())
	}
	return with
}

func (c *connectClient) call(ctx context.Context, headers map[string]string) context.Context {
	ctx, _ = connectCall(ctx, headers)
	return ctx
}

func connectCall(ctx context.Context, headers map[string]string) (context.Context, connect.CallInfo) {
	ctx, info := connect.NewClientContext(ctx)
	for name, value := range headers {
		info.RequestHeader().Set(name, value)
	}
	return ctx, info
}

func (c *connectClient) getUser(ctx context.Context, headers map[string]string, request *usersv1.GetUserRequest) (*usersv1.GetUserResponse, string, error) {
	ctx, info := connectCall(ctx, headers)
	response, err := c.users.GetUser(ctx, request)
	if used := info.HTTPMethod(); used != c.method {
		return nil, "", fmt.Errorf("%s in place of %s", used, c.method)
	}
	if failed := new(connect.Error); errors.As(err, &failed) {
		return response, failed.Meta().Get("x-request-id"), err
	}
	return response, info.ResponseHeader().Get("x-request-id"), err
}

func (c *connectClient) nothing(ctx context.Context) error {
	_, err := c.unknown.CallUnary(ctx, connect.NewRequest(&usersv1.GetUserRequest{}))
	return err
}

func (c *connectClient) streamUsers(ctx context.Context, request *usersv1.StreamUsersRequest) (receiver[*usersv1.StreamUsersResponse], error) {
	stream, err := c.users.StreamUsers(ctx, request)
	return connectReceiver[usersv1.StreamUsersResponse]{stream}, err
}

func (c *connectClient) publishEvent(ctx context.Context, request *eventsv1.PublishEventRequest) (*eventsv1.PublishEventResponse, error) {
	return c.events.PublishEvent(ctx, request)
}

func (c *connectClient) streamEvents(ctx context.Context, request *eventsv1.StreamEventsRequest) (receiver[*eventsv1.StreamEventsResponse], error) {
	stream, err := c.events.StreamEvents(ctx, request)
	return connectReceiver[eventsv1.StreamEventsResponse]{stream}, err
}

func (c *connectClient) uploadLogs(ctx context.Context) (upload, error) {
	stream, err := c.logs.UploadLogs(ctx)
	return connectUpload{stream}, err
}

func (c *connectClient) listLogs(ctx context.Context, request *logsv1.ListLogsRequest) (*logsv1.ListLogsResponse, error) {
	return c.logs.ListLogs(ctx, request)
}

func (c *connectClient) chat(ctx context.Context) (chat, error) {
	stream, err := c.chats.Chat(ctx)
	return connectChat{stream}, err
}

func (c *connectClient) outcome(err error) outcome {
	if err == nil {
		return outcome{Code: "ok", Violations: []string{}}
	}
	failed := new(connect.Error)
	if !errors.As(err, &failed) {
		return outcome{Code: "no connect.Error", Message: err.Error(), Violations: []string{}}
	}
	var details []any
	for _, detail := range failed.Details() {
		value, err := detail.Value()
		if err != nil {
			details = append(details, err)
			continue
		}
		details = append(details, value)
	}
	return outcome{Code: failed.Code().String(), Message: failed.Message(), Violations: violationsOf(details)}
}

type connectReceiver[Response any] struct {
	stream *connect.ServerStreamForClient[Response]
}

func (r connectReceiver[Response]) Recv() (*Response, error) {
	if r.stream.Receive() {
		return r.stream.Msg(), nil
	}
	if err := r.stream.Err(); err != nil {
		return nil, err
	}
	return nil, io.EOF
}

type connectUpload struct {
	*connect.ClientStreamForClientSimple[logsv1.UploadLogsRequest, logsv1.UploadLogsResponse]
}

func (u connectUpload) CloseAndRecv() (*logsv1.UploadLogsResponse, error) {
	return u.CloseAndReceive()
}

type connectChat struct {
	*connect.BidiStreamForClientSimple[chatv1.ChatRequest, chatv1.ChatResponse]
}

func (c connectChat) Recv() (*chatv1.ChatResponse, error) {
	return c.Receive()
}

func (c connectChat) CloseSend() error {
	return c.CloseRequest()
}
