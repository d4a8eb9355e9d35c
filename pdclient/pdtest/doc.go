// Package pdtest is a PD in memory for tests: it speaks the HTTP API that package
// pdclient uses, in the dialect of a chosen version, and can be made to fail in
// the ways that real PD servers and networks do.
//
//	pd := pdtest.New(t, pdtest.V8_5, pdtest.Members(3))
//	pd.AddStores(1, 2, 3, 4)
//	pd.Inject(pdtest.Fault{On: "DELETE /store/4", LoseReply: true})
//	... run the code under test against pd.URLs() ...
//	pd.ExpectWrites(t, "DELETE /store/4")
//
// It is strict about its callers. A path, method, query key or body field that
// the API does not have, a request without X-Caller-ID, and any request that is
// known to harm a real PD is a violation, which fails the test (New) or can be
// collected (Violations). What only this version lacks is answered as that
// version answers it and is no violation.
//
// Nothing happens by itself: regions move, stores are buried, clocks advance and
// leaders change when the test says so.
package pdtest
