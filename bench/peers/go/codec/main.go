// Command codec tells what protobuf's own code for Go costs, as ../../go-codec.ts asks: an order a line on standard input,
// nanoseconds of CPU a message on standard output.
package main

import (
	"encoding/json"
	"io"
	"log"
	"os"
	"syscall"

	"google.golang.org/protobuf/proto"

	benchv1 "runrpc-bench/gen/bench/v1"
	kindsv1 "runrpc-bench/gen/kinds/v1"
)

type order struct {
	Message string
	// In JSON base64.
	Bytes []byte
	Verb  string
	Times int
}

// The types by their names: a registry's look-up would cost as much as a small message.
var messages = map[string]func() proto.Message{
	"bench.v1.EchoRequest":  func() proto.Message { return &benchv1.EchoRequest{} },
	"bench.v1.ListResponse": func() proto.Message { return &benchv1.ListResponse{} },
	"bench.v1.BlobRequest":  func() proto.Message { return &benchv1.BlobRequest{} },
	"kinds.v1.All":          func() proto.Message { return &kindsv1.All{} },
}

func main() {
	orders := json.NewDecoder(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for {
		var next order
		if err := orders.Decode(&next); err == io.EOF {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		make := messages[next.Message]
		if make == nil {
			log.Fatalf("there is no %s", next.Message)
		}
		answers.Encode(nanosecondsOf(next, make))
	}
}

func nanosecondsOf(next order, make func() proto.Message) float64 {
	whole := make()
	if err := proto.Unmarshal(next.Bytes, whole); err != nil {
		log.Fatal(err)
	}
	before := cpuNanoseconds()
	for i := 0; i < next.Times; i++ {
		var err error
		if next.Verb == "decode" {
			err = proto.Unmarshal(next.Bytes, make())
		} else {
			_, err = proto.Marshal(whole)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	return float64(cpuNanoseconds()-before) / float64(next.Times)
}

// With that of the collector, which runs beside.
func cpuNanoseconds() int64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return usage.Utime.Nano() + usage.Stime.Nano()
}
