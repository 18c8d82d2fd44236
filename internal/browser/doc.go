// Package browser has no code, only tests with the build tag browser: the page
// of gatewayd in a Chromium without a screen, driven by playwright-core. "make
// test-browser" installs both and runs them.
//
// A real daemon serves the page, between simulated nodes, some with hostile
// names and some that send what no gateway should take, and an emulated hub.
// testdata/node/page.js is what the browser does and looks at; each of its
// checks is one subtest. What the pages looked like is in testdata/shots
// afterwards.
package browser
