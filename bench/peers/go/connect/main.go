// Command connect is connect-go on net/http with its defaults, HTTP/1.1 and cleartext HTTP/2.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"

	"connectrpc.com/connect"

	"runrpc-bench/control"
	pb "runrpc-bench/gen/bench/v1"
	"runrpc-bench/gen/bench/v1/benchv1connect"
)

type server struct {
	benchv1connect.UnimplementedBenchServiceHandler
}

func (server) Echo(_ context.Context, request *connect.Request[pb.EchoRequest]) (*connect.Response[pb.EchoResponse], error) {
	return connect.NewResponse(&pb.EchoResponse{Text: request.Msg.Text, Number: request.Msg.Number}), nil
}

func (server) Stream(_ context.Context, request *connect.Request[pb.StreamRequest], stream *connect.ServerStream[pb.StreamResponse]) error {
	for number := int32(1); number <= request.Msg.Count; number++ {
		if err := stream.Send(&pb.StreamResponse{Number: number, Text: control.Text}); err != nil {
			return err
		}
	}
	return nil
}

func (server) Chat(_ context.Context, stream *connect.BidiStream[pb.ChatRequest, pb.ChatResponse]) error {
	for {
		request, err := stream.Receive()
		if err != nil {
			return nil
		}
		if err := stream.Send(&pb.ChatResponse{Number: request.Number, Text: request.Text}); err != nil {
			return err
		}
	}
}

func (server) Idle(ctx context.Context, _ *connect.Request[pb.IdleRequest], stream *connect.ServerStream[pb.IdleResponse]) error {
	if err := stream.Send(&pb.IdleResponse{Text: control.Text}); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func (server) List(_ context.Context, request *connect.Request[pb.ListRequest]) (*connect.Response[pb.ListResponse], error) {
	elements := make([]*pb.Element, request.Msg.Count)
	for index := range elements {
		elements[index] = &pb.Element{
			Id: fmt.Sprintf("element-%06d", index), Name: "Ada Lovelace", Email: "ada@example.com", Age: 36, Active: true,
		}
	}
	return connect.NewResponse(&pb.ListResponse{Elements: elements}), nil
}

func (server) Blob(_ context.Context, request *connect.Request[pb.BlobRequest]) (*connect.Response[pb.BlobResponse], error) {
	return connect.NewResponse(&pb.BlobResponse{Data: request.Msg.Data}), nil
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(benchv1connect.NewBenchServiceHandler(server{}))
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	go (&http.Server{Handler: mux, Protocols: protocols}).Serve(listener)
	control.Serve(listener.Addr().(*net.TCPAddr).Port)
}
