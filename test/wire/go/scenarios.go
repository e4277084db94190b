package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"runrpc-wire/gen/buf/validate"
	chatv1 "runrpc-wire/gen/rig/chat/v1"
	eventsv1 "runrpc-wire/gen/rig/events/v1"
	logsv1 "runrpc-wire/gen/rig/logs/v1"
	usersv1 "runrpc-wire/gen/rig/users/v1"
)

const (
	userID = "00000000-0000-4000-8000-000000000001"
	nobody = "00000000-0000-4000-8000-00000000dead"
	// A scenario that takes longer hangs.
	timeout = 30 * time.Second
	// Short, and long enough for the call to reach its handler.
	deadline = 300 * time.Millisecond
)

// scenario is one thing that a client does. It gives the messages it has seen, and the error that ended it.
type scenario struct {
	name       string
	needsHTTP2 bool
	run        func(s session) ([]string, error)
}

// session is a scenario under way.
type session struct {
	client
	options
	ctx      context.Context
	scenario string
}

// seen is what a scenario has come to.
type seen struct {
	Name     string   `json:"name"`
	Messages []string `json:"messages"`
	outcome
}

func run(c client, o options, s scenario) seen {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	messages, err := s.run(session{c, o, ctx, s.name})
	return seen{s.name, append([]string{}, messages...), c.outcome(err)}
}

var scenarios = []scenario{
	{name: "unary", run: func(s session) ([]string, error) { return s.get(userID, s.key) }},
	{name: "not found", run: func(s session) ([]string, error) { return s.get(nobody, s.key) }},
	{name: "invalid", run: func(s session) ([]string, error) { return s.get("x", s.key) }},
	{name: "no such method", run: func(s session) ([]string, error) { return nil, s.nothing(s.with(s.key)) }},
	{name: "server stream", run: func(s session) ([]string, error) { return s.stream(&usersv1.StreamUsersRequest{Limit: 3}, s.key) }},
	{name: "invalid server stream", run: func(s session) ([]string, error) { return s.stream(&usersv1.StreamUsersRequest{Limit: -1}, s.key) }},
	{name: "client stream", run: func(s session) ([]string, error) { return s.upload(s.key, entries(2, 9), entries(1, 9), entries(1, 9)) }},
	{name: "client stream refused midway", run: refusedMidway},
	{name: "large messages", run: largeMessages},
	{name: "too large a message", run: func(s session) ([]string, error) { return s.upload(s.key, entries(80, 60_000)) }},
	{name: "chat", needsHTTP2: true, run: twoInARoom},
	{name: "chat refused midway", needsHTTP2: true, run: chatRefusedMidway},
	{name: "wrong key, unary", run: func(s session) ([]string, error) { return s.get(userID, s.wrongKey()) }},
	{name: "wrong key, server stream", run: func(s session) ([]string, error) { return s.stream(&usersv1.StreamUsersRequest{}, s.wrongKey()) }},
	{name: "wrong key, client stream", run: func(s session) ([]string, error) { return s.upload(s.wrongKey(), entries(1, 9)) }},
	{name: "wrong key, chat", needsHTTP2: true, run: chatWithWrongKey},
	{name: "no key", run: func(s session) ([]string, error) { return s.get(userID, "") }},
	{name: "cancelled", run: cancelled},
	{name: "expired", run: expired},
	{name: "many calls at once", needsHTTP2: true, run: atOnce},
}

// with is the context of a call with this key, if any, whose request id names client and scenario.
func (s session) with(key string) context.Context {
	return s.client.call(s.ctx, s.headers(key, ""))
}

func (s session) headers(key, suffix string) map[string]string {
	headers := map[string]string{"x-request-id": strings.ReplaceAll(s.name+"/"+s.scenario+suffix, " ", "_")}
	if key != "" {
		headers["x-api-key"] = key
	}
	return headers
}

// wrongKey is the key with another last character.
func (s session) wrongKey() string {
	head, last := s.key[:len(s.key)-1], s.key[len(s.key)-1:]
	if last == "A" {
		return head + "B"
	}
	return head + "A"
}

// get gives the user's email. An answer without the request's id is an error.
func (s session) get(id, key string) ([]string, error) {
	headers := s.headers(key, "")
	response, requestID, err := s.getUser(s.ctx, headers, &usersv1.GetUserRequest{Id: id})
	if requestID != headers["x-request-id"] {
		return nil, fmt.Errorf("the answer's x-request-id is %q: %w", requestID, err)
	}
	if err != nil {
		return nil, err
	}
	return []string{response.GetUser().GetEmail()}, nil
}

func (s session) stream(request *usersv1.StreamUsersRequest, key string) ([]string, error) {
	stream, err := s.streamUsers(s.with(key), request)
	if err != nil {
		return nil, err
	}
	var emails []string
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return emails, nil
		}
		if err != nil {
			return emails, err
		}
		emails = append(emails, response.GetUser().GetEmail())
	}
}

// entries is a request with so many lines of so many characters.
func entries(count, length int) *logsv1.UploadLogsRequest {
	request := &logsv1.UploadLogsRequest{}
	for range count {
		request.Entries = append(request.Entries, &logsv1.LogEntry{Message: strings.Repeat("x", length)})
	}
	return request
}

func (s session) upload(key string, requests ...*logsv1.UploadLogsRequest) ([]string, error) {
	stream, err := s.uploadLogs(s.with(key))
	if err != nil {
		return nil, err
	}
	for _, request := range requests {
		if err := stream.Send(request); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
	}
	response, err := stream.CloseAndRecv()
	if err != nil {
		return nil, err
	}
	return []string{fmt.Sprintf("%d lines", response.GetLogsReceived())}, nil
}

// refusedMidway goes on sending after a bad request, until it is told that the call is over.
func refusedMidway(s session) ([]string, error) {
	stream, err := s.uploadLogs(s.with(s.key))
	if err != nil {
		return nil, err
	}
	if err := stream.Send(entries(1, 9)); err != nil {
		return nil, err
	}
	for s.ctx.Err() == nil {
		if err := stream.Send(&logsv1.UploadLogsRequest{}); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
	}
	_, err = stream.CloseAndRecv()
	return nil, err
}

// largeMessages sends and receives many times what a window of HTTP/2 holds.
func largeMessages(s session) ([]string, error) {
	messages, err := s.upload(s.key, entries(15, 60_000))
	if err != nil {
		return nil, err
	}
	response, err := s.listLogs(s.client.call(s.ctx, s.headers(s.key, "/list")), &logsv1.ListLogsRequest{PageSize: 15})
	if err != nil {
		return nil, err
	}
	length := 0
	for _, entry := range response.GetEntries() {
		length += len(entry.GetMessage())
	}
	return append(messages, fmt.Sprintf("%d characters", length)), nil
}

// enter opens a chat and waits until it is in the room.
func (s session) enter(who string) (chat, string, error) {
	stream, err := s.chat(s.client.call(s.ctx, s.headers(s.key, "/"+who)))
	if err != nil {
		return nil, "", err
	}
	if err := stream.Send(&chatv1.ChatRequest{Room: s.name}); err != nil && !errors.Is(err, io.EOF) {
		return nil, "", err
	}
	answer, err := stream.Recv()
	return stream, who + ": " + describe(answer), err
}

func describe(answer *chatv1.ChatResponse) string {
	return strings.TrimSpace(strings.TrimPrefix(answer.GetKind().String(), "KIND_") + " " + answer.GetText())
}

// twoInARoom has two streams talk to each other, each answer awaited before the next request.
func twoInARoom(s session) ([]string, error) {
	ann, annIsIn, err := s.enter("ann")
	if err != nil {
		return nil, err
	}
	bob, bobIsIn, err := s.enter("bob")
	if err != nil {
		return nil, err
	}
	messages := []string{annIsIn, bobIsIn}
	hear := func(who string, stream chat) error {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			messages = append(messages, who+": end")
			return nil
		}
		if err == nil {
			messages = append(messages, who+": "+describe(answer))
		}
		return err
	}
	return messagesOf(&messages,
		func() error { return ann.Send(&chatv1.ChatRequest{Text: "hello"}) },
		func() error { return hear("ann", ann) },
		func() error { return hear("bob", bob) },
		func() error { return bob.Send(&chatv1.ChatRequest{Text: "hi"}) },
		func() error { return hear("bob", bob) },
		func() error { return hear("ann", ann) },
		func() error { return ann.CloseSend() },
		func() error { return hear("ann", ann) },
		func() error { return bob.CloseSend() },
		func() error { return hear("bob", bob) },
	)
}

// messagesOf takes steps up to the first that fails.
func messagesOf(messages *[]string, steps ...func() error) ([]string, error) {
	for _, step := range steps {
		if err := step(); err != nil {
			return *messages, err
		}
	}
	return *messages, nil
}

// chatRefusedMidway names another room than the one it is in.
func chatRefusedMidway(s session) ([]string, error) {
	stream, isIn, err := s.enter("ann")
	if err != nil {
		return nil, err
	}
	if err := stream.Send(&chatv1.ChatRequest{Room: s.name + "2"}); err != nil {
		return nil, err
	}
	_, err = stream.Recv()
	return []string{isIn}, err
}

func chatWithWrongKey(s session) ([]string, error) {
	s.key = s.wrongKey()
	_, _, err := s.enter("ann")
	return nil, err
}

// cancelled leaves a stream of events after the first.
func cancelled(s session) ([]string, error) {
	published, err := s.publishEvent(s.client.call(s.ctx, s.headers(s.key, "/publish")), &eventsv1.PublishEventRequest{Type: s.name})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	before := published.GetEvent().GetId() - 1
	stream, err := s.streamEvents(s.client.call(ctx, s.headers(s.key, "")), &eventsv1.StreamEventsRequest{AfterId: &before})
	if err != nil {
		return nil, err
	}
	first, err := stream.Recv()
	if err != nil {
		return nil, err
	}
	cancel()
	_, err = stream.Recv()
	return []string{first.GetEvent().GetType()}, err
}

// expired waits for an event that nobody publishes, until its deadline.
func expired(s session) ([]string, error) {
	ctx, cancel := context.WithTimeout(s.ctx, deadline)
	defer cancel()
	stream, err := s.streamEvents(s.client.call(ctx, s.headers(s.key, "")), &eventsv1.StreamEventsRequest{})
	if err != nil {
		return nil, err
	}
	_, err = stream.Recv()
	return nil, err
}

// atOnce makes calls side by side on one connection.
func atOnce(s session) ([]string, error) {
	var calls sync.WaitGroup
	errs := make([]error, s.atOnce)
	for n := range s.atOnce {
		calls.Go(func() {
			_, _, errs[n] = s.getUser(s.ctx, s.headers(s.key, fmt.Sprintf("/%d", n)), &usersv1.GetUserRequest{Id: userID})
		})
	}
	calls.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return []string{fmt.Sprintf("%d answers", s.atOnce)}, nil
}

// violationsOf gives field and rule of each violation in an error's details, and the type of any other detail.
func violationsOf(details []any) []string {
	violations := []string{}
	for _, detail := range details {
		found, ok := detail.(*validate.Violations)
		if !ok {
			violations = append(violations, fmt.Sprintf("%T", detail))
			continue
		}
		for _, violation := range found.GetViolations() {
			names := []string{}
			for _, element := range violation.GetField().GetElements() {
				names = append(names, element.GetFieldName())
			}
			violations = append(violations, strings.Join(names, ".")+" "+violation.GetRuleId())
		}
	}
	return violations
}
