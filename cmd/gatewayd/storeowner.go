package main

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// giveBack hands the store's files to the owner of the state directory. Only
// root has anything to hand over; os.Root, so that a link which that owner has
// put there does not lead root elsewhere.
func giveBack(stateDir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	root, err := os.OpenRoot(stateDir)
	if err != nil {
		return nil // nothing was made there either
	}
	defer func() { _ = root.Close() }()
	var owner unix.Stat_t
	if err := unix.Stat(stateDir, &owner); err != nil {
		return err
	}
	return fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) || name == ".":
			return nil
		case err != nil:
			return err
		case !strings.HasPrefix(name, storeDir): // the directory, its lock, its damaged files
			return skip(d)
		}
		return root.Lchown(name, int(owner.Uid), int(owner.Gid))
	})
}

// skip leaves an entry out of a walk, with what is below it.
func skip(d fs.DirEntry) error {
	if d.IsDir() {
		return fs.SkipDir
	}
	return nil
}
