package decommission

import "time"

// EventType names what happened to a watched store.
type EventType string

// Events of watching. Progress comes with every observation, the others once
// per transition.
const (
	EventWatching        EventType = "watching"
	EventProgress        EventType = "progress"
	EventState           EventType = "state" // PD's word for the store changed
	EventStalled         EventType = "stalled"
	EventMoving          EventType = "moving" // no longer stalled
	EventContactLost     EventType = "contact-lost"
	EventContactRegained EventType = "contact-regained"
	EventTombstone       EventType = "tombstone"
	EventBuriedEarly     EventType = "tombstone-with-regions"
	EventCameBack        EventType = "came-back"
	EventGone            EventType = "gone"
)

// Event is one thing that happened while watching.
type Event struct {
	Type EventType
	At   time.Time
	// Store is nil for events about PD itself.
	Store *StoreWatch
	// Err is set for contact-lost.
	Err error
}
