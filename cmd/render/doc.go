// Package render turns values (nodes, plans, findings, events) into tables,
// lines and JSON documents. Everything here is a pure function of its
// arguments: it asks nobody anything and knows no clock.
package render
