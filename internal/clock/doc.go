// Package clock says what time it is and whether that can be believed.
//
// A Raspberry Pi has no real-time clock: after a power cut it wakes in the
// past and stays there until NTP answers. A SAS token minted then is refused
// by IoT Hub, which allows five minutes of skew (Microsoft's "Troubleshooting
// 401003 IoTHubUnauthorized"), or is valid at the wrong time. So nothing is
// minted before the clock is trusted. Frames heard meanwhile keep the time
// since boot, from which their receive time follows later.
package clock
