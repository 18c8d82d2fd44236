// Package concentratord drives concentrators behind ChirpStack Concentratord,
// which runs the HAL of SX1301, SX1302, SX1303 and SX1280 boards and knows
// their presets. Frames come as events of a ZeroMQ PUB socket, downlinks go as
// commands to a REP socket; both carry protocol buffers.
//
// Two dialects of version 4 are spoken: since 4.5 one frame holds a gw.Event
// or a gw.Command; before, a first frame names what the second holds ("up",
// "stats", "down", "gateway_id"). Which one it is, the first command tells.
// The messages of version 3 are others; they are refused with a word.
//
// Concentratord gives each frame a context, which is the concentrator's
// 32-bit counter in 4 bytes, and sends downlinks at a delay from it. A context
// of another size, as Gateway Mesh has it for frames of its relays, is handed
// back as it is.
//
// Source: gw.proto of ChirpStack 4, and the source of Concentratord.
package concentratord
