package main

import (
	"context"
	"log"
	"strings"
	"unicode"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type grpcClient struct{ *grpc.ClientConn }

func newGrpcClient(address, ca string) client {
	secure := insecure.NewCredentials()
	if ca != "" {
		var err error
		if secure, err = credentials.NewClientTLSFromFile(ca, "localhost"); err != nil {
			log.Fatal(err)
		}
	}
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(secure))
	if err != nil {
		log.Fatal(err)
	}
	return grpcClient{conn}
}

func (c grpcClient) echo(ctx context.Context, data []byte) ([]byte, error) {
	answer := &wrapperspb.BytesValue{}
	err := c.Invoke(ctx, service+"Echo", wrapperspb.Bytes(data), answer)
	return answer.Value, err
}

func (c grpcClient) nothing(ctx context.Context) error {
	return c.Invoke(ctx, service+"Nothing", empty, &emptypb.Empty{})
}

func (c grpcClient) count(ctx context.Context, to uint32) (receiver[wrapperspb.UInt32Value], error) {
	return serverStream[wrapperspb.UInt32Value](ctx, c, "Count", wrapperspb.UInt32(to))
}

func (c grpcClient) hang(ctx context.Context) (receiver[wrapperspb.UInt32Value], error) {
	return serverStream[wrapperspb.UInt32Value](ctx, c, "Hang", empty)
}

func (c grpcClient) sum(ctx context.Context) (upload, error) {
	stream, err := c.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, service+"Sum")
	return &grpc.GenericClientStream[wrapperspb.UInt32Value, wrapperspb.UInt32Value]{ClientStream: stream}, err
}

func (c grpcClient) chat(ctx context.Context) (chat, error) {
	stream, err := c.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, service+"Chat")
	return &grpc.GenericClientStream[wrapperspb.BytesValue, wrapperspb.BytesValue]{ClientStream: stream}, err
}

func serverStream[T any](ctx context.Context, c grpcClient, method string, request any) (receiver[T], error) {
	stream, err := c.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, service+method)
	if err != nil {
		return nil, err
	}
	if err := stream.SendMsg(request); err != nil {
		return nil, err
	}
	return &grpc.GenericClientStream[emptypb.Empty, T]{ClientStream: stream}, stream.CloseSend()
}

// code turns DeadlineExceeded into DEADLINE_EXCEEDED, and Canceled into CANCELLED.
func (c grpcClient) code(err error) string {
	var name strings.Builder
	for at, letter := range status.Code(err).String() {
		if at > 0 && unicode.IsUpper(letter) {
			name.WriteByte('_')
		}
		name.WriteRune(unicode.ToUpper(letter))
	}
	return strings.Replace(name.String(), "CANCELED", "CANCELLED", 1)
}
