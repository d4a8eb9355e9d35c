package cmd

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"strings"
	"time"
)

// statusTimeout bounds the look at a status port. Nothing answers there once a
// store has stopped, so it is not worth more.
const statusTimeout = 2 * time.Second

// maxStatusBody bounds what is read of a store's configuration: some 100 KiB.
const maxStatusBody = 4 << 20

// statusDirs asks the process behind a store's status port where it keeps its
// data (GET /config of TiKV and of TiFlash's proxy, 4.0 to master). It is
// evidence against a store that took over the address; nil when nobody answers
// in that way.
func statusDirs(ctx context.Context, tlsConfig *tls.Config, address string) []string {
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	scheme := "http"
	if tlsConfig != nil {
		scheme = "https"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+address+"/config", nil)
	if err != nil {
		return nil
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: tlsConfig, DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	var config struct {
		Storage struct {
			DataDir string `json:"data-dir"`
		} `json:"storage"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, maxStatusBody)).Decode(&config)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.HasPrefix(config.Storage.DataDir, "/") {
		return nil
	}
	return []string{path.Clean(config.Storage.DataDir)}
}
