// Package control is the control line of a server under test, as ../../control.ts describes it.
package control

import (
	"bufio"
	"encoding/json"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
)

// Text is the text of every small message.
const Text = "a small message of usual length"

type stats struct {
	CPU int64 `json:"cpuUs"`
	RSS int64 `json:"rssBytes"`
}

// Serve answers commands until standard input ends.
func Serve(port int) {
	answers := json.NewEncoder(os.NewFile(3, "answers"))
	answers.Encode(map[string]int{"port": port})
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if lines.Text() == "gc" {
			debug.FreeOSMemory()
		}
		answers.Encode(stats{CPU: cpuMicros(), RSS: rssBytes()})
	}
}

func cpuMicros() int64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return (usage.Utime.Nano() + usage.Stime.Nano()) / 1000
}

func rssBytes() int64 {
	text, _ := os.ReadFile("/proc/self/statm")
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
