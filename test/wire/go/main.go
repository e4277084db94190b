// Command runrpc-wire makes calls of all four RPC kinds to the example services, with grpc-go or connect-go, and prints
// what came of each as a line of JSON.
package main

import (
	"encoding/json"
	"flag"
	"log"
	"os"
)

// options say which client makes the calls, and how.
type options struct {
	name     string
	address  string
	key      string
	library  string
	protocol string
	http1    bool
	gzip     bool
	json     bool
	get      bool
	atOnce   int
}

func main() {
	var o options
	flag.StringVar(&o.name, "name", "", "the client's name: first part of its request ids, its room, the type of its event")
	flag.StringVar(&o.address, "address", "", "host:port of a cleartext server")
	flag.StringVar(&o.key, "key", "", "a key that may do everything")
	flag.StringVar(&o.library, "library", "grpc-go", "grpc-go or connect-go")
	flag.StringVar(&o.protocol, "protocol", "connect", "of connect-go: connect, grpc or grpc-web")
	flag.BoolVar(&o.http1, "http1", false, "of connect-go: HTTP/1.1 in place of HTTP/2")
	flag.BoolVar(&o.gzip, "gzip", false, "requests are compressed")
	flag.BoolVar(&o.json, "json", false, "of connect-go: messages are JSON")
	flag.BoolVar(&o.get, "get", false, "of connect-go: calls without side effects are GET")
	flag.IntVar(&o.atOnce, "at-once", 90, "calls side by side on one connection; a server announces how many may be open")
	flag.Parse()

	var c client
	switch o.library {
	case "grpc-go":
		c = newGrpcClient(o)
	case "connect-go":
		c = newConnectClient(o)
	default:
		log.Fatalf("library %q is neither grpc-go nor connect-go", o.library)
	}
	lines := json.NewEncoder(os.Stdout)
	for _, s := range scenarios {
		if o.http1 && s.needsHTTP2 {
			continue
		}
		seen := run(c, o, s)
		if err := lines.Encode(seen); err != nil {
			log.Fatal(err)
		}
	}
}
