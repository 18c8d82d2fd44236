// Package regional has what a simulated node needs of the LoRaWAN Regional
// Parameters: channels and their masks, data rates and the payloads they
// bear, receive windows, CFList, limits of what a network may ask for. The
// figures are those of RP002-1.0.4, where devices do not operate under a
// repeater, unless a comment says otherwise.
package regional
