// Package picocell drives Semtech's PicoCell USB concentrator: an SX1308
// behind an STM32 that shows up as a USB serial port (/dev/ttyACM*). Boards of
// this kind are Semtech's SX1308P868GW and SX1308P915GW, n-fuse's mini-PCIe
// card and Heltec's HT-M01.
//
// The device has no "start" command. The host brings the SX1308 up through a
// register bridge - radios, two calibrations, firmware images, a handshake
// with the gain control - and then polls for packets. From the send command
// until the end of the emission the device neither listens nor answers, so
// downlinks wait in a schedule on the host and are sent just in time. There is
// no command for a temperature, a status of the radio or a position.
//
// Source of the protocol: Semtech's picoGW_hal V0.2.3 and picoGW_mcu V0.2.1.
package picocell
