// Package bench runs the benchmarks that stand for the project's goals, and
// puts what they say beside the goals: "make bench". Its program is a test,
// because nothing of it ships.
package bench
