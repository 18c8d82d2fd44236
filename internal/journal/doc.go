// Package journal keeps what happened last, for people who look: a bounded ring
// in memory, which slow readers cannot hold up.
package journal
