package roster

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Modes of new files.
const (
	ModeKeys fs.FileMode = 0o640 // with keys in them
	ModeOpen fs.FileMode = 0o644
)

// WriteFile puts text in the place of a file so that after a power cut there is
// the old or the new one. Mode and owner stay. A new file has the owner of the
// file like; others may do with it what mode says, and no more than with like.
func WriteFile(name string, text []byte, like string, mode fs.FileMode) (err error) {
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target // the link stays one
	}
	info := fs.FileInfo(nil)
	if i, statErr := os.Stat(name); statErr == nil {
		mode, info = i.Mode().Perm(), i
	} else if i, statErr := os.Stat(like); statErr == nil {
		mode, info = i.Mode().Perm()&mode, i
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(mode), chown(f, info), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	return syncDir(filepath.Dir(name))
}

// chown gives a file the owner of another one, as far as this user may.
func chown(f *os.File, like fs.FileInfo) error {
	if like == nil || os.Geteuid() != 0 {
		return nil
	}
	if stat, ok := like.Sys().(*syscall.Stat_t); ok {
		return f.Chown(int(stat.Uid), int(stat.Gid))
	}
	return nil
}

func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
