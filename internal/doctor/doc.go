// Package doctor looks at what gatewayd depends on and says, for someone who
// must act at 3 a.m., what is wrong and what to do.
package doctor
