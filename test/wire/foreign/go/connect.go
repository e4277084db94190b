package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"strings"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// connectClient speaks the Connect protocol over HTTP/2.
type connectClient struct {
	echoes  *connect.Client[wrapperspb.BytesValue, wrapperspb.BytesValue]
	counts  *connect.Client[wrapperspb.UInt32Value, wrapperspb.UInt32Value]
	sums    *connect.Client[wrapperspb.UInt32Value, wrapperspb.UInt32Value]
	chats   *connect.Client[wrapperspb.BytesValue, wrapperspb.BytesValue]
	hangs   *connect.Client[emptypb.Empty, wrapperspb.UInt32Value]
	unknown *connect.Client[emptypb.Empty, emptypb.Empty]
}

func newConnectClient(address, ca string) client {
	protocols := new(http.Protocols)
	protocols.SetHTTP2(ca != "")
	protocols.SetUnencryptedHTTP2(ca == "")
	transport := &http.Transport{Protocols: protocols}
	url := "http://" + address + service
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			log.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
		url = "https://" + address + service
	}
	web := &http.Client{Transport: transport}
	return connectClient{
		echoes:  connect.NewClient[wrapperspb.BytesValue, wrapperspb.BytesValue](web, url+"Echo"),
		counts:  connect.NewClient[wrapperspb.UInt32Value, wrapperspb.UInt32Value](web, url+"Count"),
		sums:    connect.NewClient[wrapperspb.UInt32Value, wrapperspb.UInt32Value](web, url+"Sum"),
		chats:   connect.NewClient[wrapperspb.BytesValue, wrapperspb.BytesValue](web, url+"Chat"),
		hangs:   connect.NewClient[emptypb.Empty, wrapperspb.UInt32Value](web, url+"Hang"),
		unknown: connect.NewClient[emptypb.Empty, emptypb.Empty](web, url+"Nothing"),
	}
}

func (c connectClient) echo(ctx context.Context, data []byte) ([]byte, error) {
	answer, err := c.echoes.CallUnary(ctx, connect.NewRequest(wrapperspb.Bytes(data)))
	if err != nil {
		return nil, err
	}
	return answer.Msg.Value, nil
}

func (c connectClient) nothing(ctx context.Context) error {
	_, err := c.unknown.CallUnary(ctx, connect.NewRequest(empty))
	return err
}

func (c connectClient) count(ctx context.Context, to uint32) (receiver[wrapperspb.UInt32Value], error) {
	stream, err := c.counts.CallServerStream(ctx, connect.NewRequest(wrapperspb.UInt32(to)))
	return serverReceiver[wrapperspb.UInt32Value]{stream}, err
}

func (c connectClient) hang(ctx context.Context) (receiver[wrapperspb.UInt32Value], error) {
	stream, err := c.hangs.CallServerStream(ctx, connect.NewRequest(empty))
	return serverReceiver[wrapperspb.UInt32Value]{stream}, err
}

func (c connectClient) sum(ctx context.Context) (upload, error) {
	return clientUpload{c.sums.CallClientStream(ctx)}, nil
}

func (c connectClient) chat(ctx context.Context) (chat, error) {
	return bidi{c.chats.CallBidiStream(ctx)}, nil
}

func (c connectClient) code(err error) string {
	name := strings.ToUpper(connect.CodeOf(err).String())
	return strings.Replace(name, "CANCELED", "CANCELLED", 1)
}

type serverReceiver[T any] struct{ *connect.ServerStreamForClient[T] }

func (r serverReceiver[T]) Recv() (*T, error) {
	if r.Receive() {
		return r.Msg(), nil
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	return nil, io.EOF
}

type clientUpload struct {
	*connect.ClientStreamForClient[wrapperspb.UInt32Value, wrapperspb.UInt32Value]
}

func (u clientUpload) CloseAndRecv() (*wrapperspb.UInt32Value, error) {
	answer, err := u.CloseAndReceive()
	if err != nil {
		return nil, err
	}
	return answer.Msg, nil
}

type bidi struct {
	*connect.BidiStreamForClient[wrapperspb.BytesValue, wrapperspb.BytesValue]
}

func (b bidi) Recv() (*wrapperspb.BytesValue, error) {
	message, err := b.Receive()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	return message, err
}

func (b bidi) CloseSend() error {
	return b.CloseRequest()
}
