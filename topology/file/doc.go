// Package file is the part of the inventory that touches the disk: it finds the
// files of a tiup cluster, reads them, and replaces them so that neither a
// crash, nor a full disk, nor a second writer can leave half a file behind.
package file
