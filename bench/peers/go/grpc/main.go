// Command grpc is grpc-go with its defaults.
package main

import (
	"context"
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"

	"runrpc-bench/control"
	pb "runrpc-bench/gen/bench/v1"
)

type server struct {
	pb.UnimplementedBenchServiceServer
}

func (server) Echo(_ context.Context, request *pb.EchoRequest) (*pb.EchoResponse, error) {
	return &pb.EchoResponse{Text: request.Text, Number: request.Number}, nil
}

func (server) Stream(request *pb.StreamRequest, stream grpc.ServerStreamingServer[pb.StreamResponse]) error {
	for number := int32(1); number <= request.Count; number++ {
		if err := stream.Send(&pb.StreamResponse{Number: number, Text: control.Text}); err != nil {
			return err
		}
	}
	return nil
}

func (server) Chat(stream grpc.BidiStreamingServer[pb.ChatRequest, pb.ChatResponse]) error {
	for {
		request, err := stream.Recv()
		if err != nil {
			return nil
		}
		if err := stream.Send(&pb.ChatResponse{Number: request.Number, Text: request.Text}); err != nil {
			return err
		}
	}
}

func (server) Idle(_ *pb.IdleRequest, stream grpc.ServerStreamingServer[pb.IdleResponse]) error {
	if err := stream.Send(&pb.IdleResponse{Text: control.Text}); err != nil {
		return err
	}
	<-stream.Context().Done()
	return nil
}

func (server) List(_ context.Context, request *pb.ListRequest) (*pb.ListResponse, error) {
	elements := make([]*pb.Element, request.Count)
	for index := range elements {
		elements[index] = &pb.Element{
			Id: fmt.Sprintf("element-%06d", index), Name: "Ada Lovelace", Email: "ada@example.com", Age: 36, Active: true,
		}
	}
	return &pb.ListResponse{Elements: elements}, nil
}

func (server) Blob(_ context.Context, request *pb.BlobRequest) (*pb.BlobResponse, error) {
	return &pb.BlobResponse{Data: request.Data}, nil
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	grpcServer := grpc.NewServer()
	pb.RegisterBenchServiceServer(grpcServer, server{})
	go grpcServer.Serve(listener)
	control.Serve(listener.Addr().(*net.TCPAddr).Port)
}
