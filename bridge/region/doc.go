// Package region says where, when and how nodes of a LoRaWAN region send and
// listen: channels, data rates, receive windows, payload sizes, transmit
// powers, channel masks, and what the law lets a gateway send.
//
// The figures come from brocaar/lorawan's band package, which follows the
// LoRaWAN Regional Parameters up to RP002-1.0.3; plan.go names the places
// where that package errs and what is used instead. Its bands may be changed
// and are not safe for concurrent use, so New reads them into tables, and a
// Region never changes afterwards.
//
// A Region serves nodes of every LoRaWAN version at once. Where revisions of
// the Regional Parameters differ, it answers what nodes of all of them accept:
//
//   - payloads are the smallest that any revision of the same channel plan
//     allows (a node drops what is longer than its own table says);
//   - US915 and AU915 end at TXPower 10: later revisions have up to 14, LoRaWAN
//     1.0.x refuses those;
//   - channel masks are sent without ChMaskCntl 5, which US915 and AU915 have
//     only since 1.0.3: it would save one command and be refused by 1.0.2;
//   - RX1 is not used for the few combinations of data rate and RX1DROffset
//     whose answer was changed in RP002 (AS923 and IN865, FSK, SF7BW250 or
//     offsets 6 and 7 only): RX2 carries the answer then;
//   - CN470 is the plan of 96 uplink channels that was in force until
//     RP002-1.0.0; the plans of RP002-1.0.1 and later share nothing with it;
//   - AU915 counts data rates as since 1.0.2 revision B (DR0 is SF12); nodes
//     of 1.0.1 that begin at SF10 are US915 nodes in disguise.
//
// What cannot be had for both is left to the caller: EU868 nodes of LoRaWAN
// 1.0.0 and 1.0.1 know TXPower 0 to 5 only and refuse 6 and 7.
package region
