package cmd

import (
	"context"
	"errors"
	"fmt"

	"ebb/cluster"
	"ebb/cmd/render"
	"ebb/pdclient"
)

// read asks PD for the region.
func (x *explainer) read(ctx context.Context, id cluster.RegionID) (cluster.Region, error) {
	r, ok, err := x.t.pd.Region(ctx, id)
	switch {
	case errors.Is(err, pdclient.ErrPanicked):
		return r, &codedError{
			&hintedError{fmt.Errorf("explain region %d: this version of PD panics when it is asked for a region without leader: %w", id, err), "see ebb explain --leftover, which reads regions another way"},
			ExitCannotTell,
		}
	case err != nil:
		return r, fmt.Errorf("explain region %d: %w", id, err)
	case !ok:
		return r, &codedError{
			&hintedError{fmt.Errorf("explain region %d: PD does not know it", id), "it may have been merged away; right after an election this also happens to regions that exist, so ask again in a minute"},
			ExitCannotTell,
		}
	}
	return r, nil
}

// readOn reads what is good to have.
func (x *explainer) readOn(ctx context.Context, id cluster.RegionID, doc *render.Explain) {
	if op, ok, err := x.t.pd.Operator(ctx, id); err != nil {
		x.note("the region's last operator could not be read: %v", err)
	} else if ok {
		doc.LastOperator = &op
	}
	if x.snap.Replication == nil || !x.snap.Replication.EnablePlacementRules {
		return
	}
	fit, err := x.t.pd.RegionFit(ctx, id)
	switch {
	case errors.Is(err, pdclient.ErrNotSupported) || errors.Is(err, pdclient.ErrPlacementRulesDisabled):
	case err != nil:
		x.note("PD's own fit of the region could not be read: %v", err)
	default:
		doc.PDFit, doc.Differences = fit, doc.Explanations[0].Differences(fit)
	}
}
