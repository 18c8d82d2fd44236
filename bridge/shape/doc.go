// Package shape names the formats in which messages go to the cloud, and has the
// templates with which users make their own.
package shape
