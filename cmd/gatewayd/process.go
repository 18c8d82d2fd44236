package main

import (
	"os"
	"strings"
)

// readProcess asks the kernel about this process.
func readProcess() (p process, ok bool) {
	text, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return p, false
	}
	if p, ok = parseStat(string(text), os.Getpagesize()); !ok {
		return p, false
	}
	open, err := os.ReadDir("/proc/self/fd")
	p.descriptors = float64(len(open))
	return p, err == nil
}

// fieldsAfterName are those behind the process' name, which may have spaces and
// parentheses in it.
func fieldsAfterName(text string) []string {
	i := strings.LastIndexByte(text, ')')
	if i < 0 {
		return nil
	}
	return strings.Fields(text[i+1:])
}
