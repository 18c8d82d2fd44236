package hubtest

// knownAPIVersion reports whether a device may name that version. These are
// the device api-versions of Microsoft's pages and SDKs; the hub refuses what
// it does not recognise.
func knownAPIVersion(version string) bool {
	switch version {
	case "2015-08-15-preview", "2016-02-03", "2016-11-14", "2017-06-30", "2017-08-21-preview", "2017-11-08-preview",
		"2018-04-01", "2018-06-30", "2018-08-30-preview", "2019-03-30", "2019-03-31", "2019-07-01-preview", "2019-10-01",
		"2020-03-01", "2020-03-13", "2020-05-31-preview", "2020-06-30-preview", "2020-09-30", "2021-04-12",
		"2021-06-30-preview", "2024-03-31", "2025-08-01-preview", "2026-11-02-preview":
		return true
	}
	return false
}
