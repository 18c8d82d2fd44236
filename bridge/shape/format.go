package shape

// Format is how the messages of a node are written.
type Format string

// The formats. docs/formats.md describes each.
const (
	// V2 is gatewayd's own, in docs/schema/gatewayd-v2.schema.json.
	V2 Format = "gatewayd/v2"
	// StarterKit is that of the Azure LoRaWAN starter kit 2.2: uplinks only.
	StarterKit Format = "starterkit"
	// ChirpStack is the JSON of ChirpStack v4's integrations.
	ChirpStack Format = "chirpstack"
	// Cayenne has the decoded values side by side: uplinks only.
	Cayenne Format = "cayenne"
	// FromTemplate is what a Template makes of a message.
	FromTemplate Format = "template"
)

// Formats are all of them.
func Formats() []Format {
	return []Format{V2, StarterKit, ChirpStack, Cayenne, FromTemplate}
}
