package pdclient_test

import (
	"errors"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/pdclient"
	"ebb/pdclient/pdtest"
)

func TestRemovePeerOperator(t *testing.T) {
	pd := newPD(t, pdtest.V8_5)
	pd.EditRegion(1000, func(r *cluster.Region) { r.Peers[2].StoreID = 99 })
	c := newClient(t, pd.URLs()...)
	ctx := t.Context()
	if _, ok, err := c.Operator(ctx, 1000); ok || err != nil {
		t.Errorf("before: %v, %v", ok, err)
	}
	if err := c.AddRemovePeer(ctx, 1000, 99); err != nil {
		t.Fatal(err)
	}
	var status *pdclient.StatusError
	if err := c.AddRemovePeer(ctx, 1000, 99); !errors.As(err, &status) || status.Status != 500 || status.Code != "PD:server:ErrAddOperator" {
		t.Errorf("twice: %v", err)
	}
	if err := c.AddRemovePeer(ctx, 1001, 99); !errors.As(err, &status) || status.Message != "region has no peer in store 99" {
		t.Errorf("no such peer: %v", err)
	}
	if err := c.AddRemovePeer(ctx, 5, 99); !pdclient.IsNotFound(err) {
		t.Errorf("no such region: %v", err)
	}
	list, err := c.Operators(ctx, "admin")
	if err != nil || len(list) != 1 || list[0].RegionID != 1000 || !list[0].IsAdmin() || list[0].Timeout != time.Minute {
		t.Errorf("list: %+v, %v", list, err)
	}
	op, ok, err := c.Operator(ctx, 1000)
	if err != nil || !ok || op.Status != "RUNNING" || op.Desc != "admin-remove-peer" || op.Epoch.ConfVer != 5 || op.Epoch.Version != 10 {
		t.Errorf("running: %+v, %v, %v", op, ok, err)
	}
	pd.RunOperators()
	if op, _, err := c.Operator(ctx, 1000); err != nil || op.Status != "SUCCESS" {
		t.Errorf("done: %+v, %v", op, err)
	}
	records, err := c.OperatorRecords(ctx, pd.Now().Add(-time.Minute))
	if err != nil || len(records) != 1 || records[0].FinishedAt.IsZero() || records[0].RegionID != 1000 {
		t.Errorf("records: %+v, %v", records, err)
	}
	if err := c.CancelOperator(ctx, 1000); !pdclient.IsNotFound(err) {
		t.Errorf("cancel a finished one: %v", err)
	}
}

func TestCancelOperatorTouchesOneRegion(t *testing.T) {
	pd := newPD(t, pdtest.V8_5)
	pd.AddOperator(1000, "replace-rule-offline-peer", "mv peer: store [4] to [5]", "replica,region")
	pd.AddOperator(1001, "balance-region", "mv peer: store [4] to [5]", "region")
	c := newClient(t, pd.URLs()...)
	if err := c.CancelOperator(t.Context(), 1000); err != nil {
		t.Fatal(err)
	}
	pd.ExpectWrites(t, "DELETE /operators/1000")
	if list, err := c.Operators(t.Context(), ""); err != nil || len(list) != 1 || list[0].RegionID != 1001 {
		t.Errorf("left: %+v, %v", list, err)
	}
}

// PD says "operator not found" when it remembers no operator at all.
func TestNoOperatorRecords(t *testing.T) {
	pd := pdtest.New(t, pdtest.V8_5)
	records, err := newClient(t, pd.URLs()...).OperatorRecords(t.Context(), time.Unix(0, 0))
	if err != nil || len(records) != 0 {
		t.Errorf("records %v, %v", records, err)
	}
}

func TestOperatorRecordsBefore60(t *testing.T) {
	pd := newPD(t, pdtest.V5_4)
	if _, err := newClient(t, pd.URLs()...).OperatorRecords(t.Context(), time.Unix(0, 0)); !errors.Is(err, pdclient.ErrNotSupported) {
		t.Errorf("got %v, want ErrNotSupported", err)
	}
}
