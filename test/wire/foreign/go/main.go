// Command runrpc-foreign calls WireService with grpc-go or connect-go, and prints what came of each scenario as a line, as
// ../scenarios.ts has them.
//
// Usage: runrpc-foreign [--library connect-go] [--ca ca.crt] host:port
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const (
	service    = "/rig.wire.v1.WireService/"
	largeBytes = 3 << 20
	many       = 20_000
	inTurn     = 100
)

// client is what a scenario needs of a library.
type client interface {
	echo(ctx context.Context, data []byte) ([]byte, error)
	count(ctx context.Context, to uint32) (receiver[wrapperspb.UInt32Value], error)
	sum(ctx context.Context) (upload, error)
	chat(ctx context.Context) (chat, error)
	hang(ctx context.Context) (receiver[wrapperspb.UInt32Value], error)
	// nothing calls a method that there is not.
	nothing(ctx context.Context) error
	// code names an error as gRPC's specification does.
	code(err error) string
}

type receiver[T any] interface {
	Recv() (*T, error)
}

type upload interface {
	Send(*wrapperspb.UInt32Value) error
	CloseAndRecv() (*wrapperspb.UInt32Value, error)
}

type chat interface {
	receiver[wrapperspb.BytesValue]
	Send(*wrapperspb.BytesValue) error
	CloseSend() error
}

func main() {
	library := flag.String("library", "grpc-go", "grpc-go or connect-go")
	ca := flag.String("ca", "", "the authority of the server's certificate, PEM; none: cleartext")
	flag.Parse()
	c := newGrpcClient
	if *library == "connect-go" {
		c = newConnectClient
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	run(ctx, c(flag.Arg(0), *ca))
}

func run(ctx context.Context, c client) {
	hello, err := c.echo(ctx, []byte("hello"))
	report("unary", string(hello), err)

	var numbers []string
	_, err = numbersOf(c, ctx, 3, func(value uint32) { numbers = append(numbers, fmt.Sprint(value)) })
	report("server_streaming", strings.Join(numbers, " "), err)

	total, err := sumOf(c, ctx, 100)
	report("client_streaming", total, err)

	rounds, err := chatInTurn(c, ctx)
	report("bidi_streaming", rounds, err)

	sent := bytes.Repeat([]byte("0123456789abcdef"), largeBytes/16)
	large, err := c.echo(ctx, sent)
	report("large", fmt.Sprint(len(large), bytes.Equal(large, sent)), err)

	received, err := numbersOf(c, ctx, many, func(uint32) {})
	report("many_out", received, err)

	total, err = sumOf(c, ctx, many)
	report("many_in", total, err)

	rounds, err = chatAtOnce(c, ctx)
	report("many_both", rounds, err)

	left, err := leave(c, ctx)
	report("cancel", left, err)

	report("deadline", c.code(expire(c, ctx)), nil)
	report("unknown", c.code(c.nothing(ctx)), nil)
}

func report(name string, outcome any, err error) {
	if err != nil {
		log.Fatalf("%s: %v", name, err)
	}
	fmt.Println(name, outcome)
}

// numbersOf receives a stream of numbers that must be in order, and gives how many came.
func numbersOf(c client, ctx context.Context, to uint32, each func(uint32)) (uint32, error) {
	stream, err := c.count(ctx, to)
	if err != nil {
		return 0, err
	}
	for count := uint32(0); ; count++ {
		message, err := stream.Recv()
		if err == io.EOF {
			return count, nil
		}
		if err != nil {
			return count, err
		}
		if message.Value != count+1 {
			return count, fmt.Errorf("%d came after %d", message.Value, count)
		}
		each(message.Value)
	}
}

func sumOf(c client, ctx context.Context, to uint32) (uint32, error) {
	stream, err := c.sum(ctx)
	if err != nil {
		return 0, err
	}
	for value := uint32(1); value <= to; value++ {
		if err := stream.Send(wrapperspb.UInt32(value)); err != nil {
			return 0, err
		}
	}
	answer, err := stream.CloseAndRecv()
	return answer.GetValue(), err
}

// chatInTurn awaits each answer before it sends the next message.
func chatInTurn(c client, ctx context.Context) (int, error) {
	stream, err := c.chat(ctx)
	if err != nil {
		return 0, err
	}
	for round := range inTurn {
		if err := stream.Send(message(round)); err != nil {
			return round, err
		}
		if err := expect(stream, round); err != nil {
			return round, err
		}
	}
	return inTurn, end(stream)
}

// chatAtOnce sends all messages while answers come.
func chatAtOnce(c client, ctx context.Context) (int, error) {
	stream, err := c.chat(ctx)
	if err != nil {
		return 0, err
	}
	sent := make(chan error, 1)
	go func() {
		for round := range many {
			if err := stream.Send(message(round)); err != nil {
				sent <- err
				return
			}
		}
		sent <- stream.CloseSend()
	}()
	for round := range many {
		if err := expect(stream, round); err != nil {
			return round, err
		}
	}
	if err := <-sent; err != nil {
		return many, err
	}
	return many, expectEnd(stream)
}

func message(round int) *wrapperspb.BytesValue {
	return wrapperspb.Bytes(fmt.Appendf(nil, "message %d", round))
}

func expect(stream chat, round int) error {
	answer, err := stream.Recv()
	if err == nil && !bytes.Equal(answer.Value, message(round).Value) {
		return fmt.Errorf("%q answers message %d", answer.Value, round)
	}
	return err
}

func end(stream chat) error {
	if err := stream.CloseSend(); err != nil {
		return err
	}
	return expectEnd(stream)
}

func expectEnd(stream chat) error {
	if _, err := stream.Recv(); err != io.EOF {
		return fmt.Errorf("%v in place of the end", err)
	}
	return nil
}

// leave takes one message of a stream without end, and gives it up.
func leave(c client, ctx context.Context) (uint32, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.hang(ctx)
	if err != nil {
		return 0, err
	}
	first, err := stream.Recv()
	if err != nil {
		return 0, err
	}
	cancel()
	if _, err := stream.Recv(); c.code(err) != "CANCELLED" {
		return 0, fmt.Errorf("%v after it was cancelled", err)
	}
	return first.Value, nil
}

// expire waits for the end of a stream that has none, until its deadline.
func expire(c client, ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	stream, err := c.hang(ctx)
	for err == nil {
		_, err = stream.Recv()
	}
	return err
}

var empty = &emptypb.Empty{}
