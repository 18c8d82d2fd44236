// Package duty keeps one concentrator within the radio regulations: the duty
// cycle of each sub-band over any hour, the longest emission, the highest
// EIRP. The caller asks before it sends, books what it sends, and takes back
// what was not sent after all.
//
// Airtime is rounded up, never down: a Ledger may refuse some seconds early,
// and does not allow more than the limit in any hour. It begins empty; what an
// earlier process sent in the hour before is not known to it.
package duty
