package bridge

import (
	"crypto/sha1" //nolint:gosec // UUIDs of version 5 are made with it
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"gatewayd/radio"
)

// csDevice is ChirpStack's DeviceInfo. What has no counterpart here has ids made
// of names, so that they are the same each time.
type csDevice struct {
	TenantID          string            `json:"tenantId"`
	TenantName        string            `json:"tenantName"`
	ApplicationID     string            `json:"applicationId"`
	ApplicationName   string            `json:"applicationName"`
	DeviceProfileID   string            `json:"deviceProfileId"`
	DeviceProfileName string            `json:"deviceProfileName"`
	DeviceName        string            `json:"deviceName"`
	DevEUI            string            `json:"devEui"`
	DeviceClass       string            `json:"deviceClassEnabled"`
	Tags              map[string]string `json:"tags"`
}

// csHead is what events have in common.
type csHead struct {
	DeduplicationID string   `json:"deduplicationId,omitempty"`
	Time            string   `json:"time"`
	Device          csDevice `json:"deviceInfo"`
}

type csUp struct {
	csHead
	DevAddr   string          `json:"devAddr"`
	ADR       bool            `json:"adr"`
	DR        uint8           `json:"dr"`
	FCnt      uint32          `json:"fCnt"`
	FPort     uint8           `json:"fPort"`
	Confirmed bool            `json:"confirmed"`
	Data      string          `json:"data"`
	Object    json.RawMessage `json:"object,omitempty"`
	RxInfo    []csReceiver    `json:"rxInfo"`
	TxInfo    csTx            `json:"txInfo"`
	// Errors is not ChirpStack's: it sends a log event of its own, and here a
	// frame is one message.
	Errors []string `json:"errors,omitempty"`
}

type csReceiver struct {
	GatewayID string            `json:"gatewayId"`
	UplinkID  uint32            `json:"uplinkId"`
	NSTime    string            `json:"nsTime"`
	RSSI      float32           `json:"rssi"`
	SNR       float32           `json:"snr"`
	Channel   uint8             `json:"channel"`
	Location  struct{}          `json:"location"`
	Context   string            `json:"context"`
	Metadata  map[string]string `json:"metadata"`
	CRCStatus string            `json:"crcStatus"`
}

type csTx struct {
	Frequency  uint32         `json:"frequency"`
	Modulation map[string]any `json:"modulation"`
}

type csJoin struct {
	csHead
	DevAddr string `json:"devAddr"`
}

type csAck struct {
	csHead
	QueueItemID  string `json:"queueItemId"`
	Acknowledged bool   `json:"acknowledged"`
	FCntDown     uint32 `json:"fCntDown"`
}

type csTxAck struct {
	DownlinkID uint32 `json:"downlinkId"`
	csHead
	QueueItemID string `json:"queueItemId"`
	FCntDown    uint32 `json:"fCntDown"`
}

type csStatus struct {
	csHead
	Margin             int8    `json:"margin"`
	External           bool    `json:"externalPowerSource"`
	BatteryUnavailable bool    `json:"batteryLevelUnavailable"`
	BatteryLevel       float64 `json:"batteryLevel"` // per cent
}

type csLog struct {
	csHead
	Level       string            `json:"level"` // INFO, WARNING, ERROR
	Code        string            `json:"code"`
	Description string            `json:"description"`
	Context     map[string]string `json:"context"`
}

// chirpStack writes an event as ChirpStack v4's integrations do. Source:
// integration.proto of its API, in protobuf's JSON.
func (f facts) chirpStack() (any, bool) {
	head := csHead{DeduplicationID: uuid("message", f.ID), Time: f.at.Format(time.RFC3339Nano), Device: f.csDevice()}
	switch f.Kind {
	case kindUp:
		return f.csUp(head), true
	case kindJoin:
		return csJoin{head, f.DevAddr.String()}, true
	case kindAck:
		return csAck{head, f.DownlinkID, f.State == string(stateAcked), f.FCnt}, true
	case kindTxAck:
		return f.csTxAck(head)
	case kindStatus:
		return f.csStatus(head), true
	case kindLog:
		return f.csLog(head, "INFO", f.logCode(), f.logText()), true
	case kindDrop:
		return f.csLog(head, "WARNING", "UNKNOWN", fmt.Sprintf("%d messages were dropped: %s", f.Count, f.Reason)), true
	case kindProprietary, kindStats:
	}
	return nil, false
}

func (f facts) csDevice() csDevice {
	d := csDevice{
		TenantID: uuid("tenant", "gatewayd"), TenantName: "gatewayd",
		ApplicationID: uuid("application", "gatewayd"), ApplicationName: "gatewayd",
		DeviceProfileID: uuid("profile", f.node.Profile), DeviceProfileName: f.node.Profile,
		DeviceName: f.node.Name, DeviceClass: "CLASS_A", Tags: map[string]string{"deviceId": f.node.DeviceID},
	}
	if f.node.Class == ClassC {
		d.DeviceClass = "CLASS_C"
	}
	if f.DevEUI != nil {
		d.DevEUI = strings.ToLower(f.DevEUI.String())
	}
	return d
}

func (f facts) csUp(head csHead) csUp {
	up := csUp{
		csHead: head, DevAddr: f.DevAddr.String(), ADR: f.ADR, FCnt: f.FCnt, Confirmed: f.Confirmed,
		Data: base64.StdEncoding.EncodeToString(f.Payload), TxInfo: csTx{f.Frequency, f.csModulation()}, RxInfo: []csReceiver{},
	}
	if f.DR != nil {
		up.DR = *f.DR
	}
	if f.FPort != nil {
		up.FPort = *f.FPort
	}
	if f.values != nil {
		up.Object, up.Errors = f.values.Data, f.values.Errors
	}
	for _, x := range f.Receivers {
		up.RxInfo = append(up.RxInfo, csReceiver{
			GatewayID: strings.ToLower(x.Gateway.String()), UplinkID: idNumber("uplink", f.ID, x.Gateway.String(), x.Concentrator),
			NSTime: head.Time, RSSI: x.RSSI, SNR: x.SNR, Channel: x.Channel, CRCStatus: "CRC_OK",
			Metadata: map[string]string{"concentrator": x.Concentrator},
		})
	}
	return up
}

func (f facts) csModulation() map[string]any {
	d := f.dataRate()
	switch d.Modulation {
	case radio.FSK:
		return map[string]any{"fsk": map[string]any{"datarate": d.BitRate}}
	case radio.LRFHSS:
		return map[string]any{"lrFhss": map[string]any{"operatingChannelWidth": d.Bandwidth, "codeRate": codeRate(f.Coding)}}
	case radio.LoRa:
		return map[string]any{"lora": map[string]any{
			"bandwidth": d.Bandwidth, "spreadingFactor": d.SpreadingFactor, "codeRate": codeRate(f.Coding),
		}}
	}
	return map[string]any{}
}

// codeRate is "CR_4_5" for "4/5".
func codeRate(coding string) string {
	if coding == "" {
		return "CR_UNDEFINED"
	}
	return "CR_" + strings.ReplaceAll(coding, "/", "_")
}

// csTxAck: a downlink that is queued only has no message there.
func (f facts) csTxAck(head csHead) (any, bool) {
	switch f.State {
	case string(stateTransmitted):
		head.DeduplicationID = ""
		return csTxAck{idNumber("downlink", f.DownlinkID), head, f.DownlinkID, f.FCnt}, true
	case string(stateExpired):
		return f.csLog(head, "ERROR", "EXPIRED", "downlink "+f.DownlinkID+": "+f.Reason), true
	case string(stateRejected):
		code := "UNKNOWN"
		if strings.HasPrefix(f.Reason, string(RejectSize)) {
			code = "DOWNLINK_PAYLOAD_SIZE"
		}
		return f.csLog(head, "ERROR", code, "downlink "+f.DownlinkID+": "+f.Reason), true
	}
	return nil, false
}

func (f facts) csStatus(head csHead) csStatus {
	s := csStatus{csHead: head, BatteryUnavailable: true}
	if f.Margin != nil {
		s.Margin = *f.Margin
	}
	if f.Battery != nil {
		s.External, s.BatteryUnavailable = *f.Battery == 0, *f.Battery == math.MaxUint8
		if !s.BatteryUnavailable {
			s.BatteryLevel = math.Round(float64(*f.Battery)/254*10000) / 100
		}
	}
	return s
}

func (f facts) csLog(head csHead, level, code, description string) csLog {
	id := head.DeduplicationID
	head.DeduplicationID = ""
	return csLog{head, level, code, description, map[string]string{"deduplication_id": id}}
}

func (f facts) logCode() string {
	if f.State == "counter_restarted" {
		return "UPLINK_F_CNT_RESET"
	}
	return "UNKNOWN"
}

func (f facts) logText() string {
	text := strings.ReplaceAll(f.State, "_", " ")
	for _, more := range []string{f.Command, f.Reason} {
		if more != "" {
			text += ": " + more
		}
	}
	return text
}

// uuid is the UUID (RFC 9562, version 5) of a name of some kind.
func uuid(kind, name string) string {
	sum := digest(kind, name)
	sum[6], sum[8] = sum[6]&0x0F|0x50, sum[8]&0x3F|0x80
	h := hex.EncodeToString(sum[:16])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:32]}, "-")
}

// idNumber is a number made of names.
func idNumber(names ...string) uint32 {
	sum := digest(names...)
	return binary.BigEndian.Uint32(sum[:])
}

func digest(names ...string) [sha1.Size]byte {
	return sha1.Sum([]byte("gatewayd\x00" + strings.Join(names, "\x00"))) //nolint:gosec // nothing is kept secret with it
}
