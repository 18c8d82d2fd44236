package roster

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// newFileMode is that of a file with keys in it.
const newFileMode = 0o640

// WriteFile puts text in the place of a file so that after a power cut there is
// the old or the new one. Mode and owner stay; those of a new file are those of
// the file like.
func WriteFile(name string, text []byte, like string) (err error) {
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target // the link stays one
	}
	mode, info := fs.FileMode(newFileMode), fs.FileInfo(nil)
	if i, statErr := os.Stat(name); statErr == nil {
		mode, info = i.Mode().Perm(), i
	} else if i, statErr := os.Stat(like); statErr == nil {
		mode, info = i.Mode().Perm()&newFileMode, i
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
