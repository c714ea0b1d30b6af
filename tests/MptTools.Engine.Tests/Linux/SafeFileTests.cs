using System.Runtime.Versioning;
using MptTools.Engine.Linux;

namespace MptTools.Engine.Tests.Linux;

[SupportedOSPlatform("linux")]
public sealed class SafeFileTests : IDisposable
{
    private const UnixFileMode
        Owners = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        All = Owners | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly string directory = Directory.CreateTempSubdirectory("mpt-save-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void ANewFileIsWritten()
    {
        SafeFile.Write(At("a.conf"), "text"u8, holdsSecret: false);

        Assert.Equal("text", File.ReadAllText(At("a.conf")));
        Assert.Equal(All, File.GetUnixFileMode(At("a.conf")));
        Assert.Equal(["a.conf"], Names());
    }

    [Fact]
    public void ASecretIsReadByItsOwnerOnly()
    {
        SafeFile.Write(At("new.conf"), "key"u8, holdsSecret: true);
        File.WriteAllText(At("old.conf"), "old");
        File.SetUnixFileMode(At("old.conf"), All);
        SafeFile.Write(At("old.conf"), "key"u8, holdsSecret: true);

        Assert.Equal((Owners, Owners), (File.GetUnixFileMode(At("new.conf")), File.GetUnixFileMode(At("old.conf"))));
    }

    [Theory]
    [InlineData(Owners | UnixFileMode.GroupRead)]
    [InlineData(Owners | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserExecute)]
    public void AFileThatIsReplacedKeepsItsMode(UnixFileMode mode)
    {
        File.WriteAllText(At("a.conf"), "a longer old text");
        File.SetUnixFileMode(At("a.conf"), mode);

        SafeFile.Write(At("a.conf"), "text"u8, holdsSecret: false);

        Assert.Equal("text", File.ReadAllText(At("a.conf")));
        Assert.Equal(mode, File.GetUnixFileMode(At("a.conf")));
    }

    [Fact]
    public unsafe void AFileThatIsReplacedKeepsItsOwner()
    {
        File.WriteAllText(At("a.conf"), "old");
        // Only root gives files away; for others the owner stays who it is anyway.
        (uint owner, uint group) = Environment.IsPrivilegedProcess ? (4711u, 4712u) : OwnerOf(At("a.conf"));
        using (FileStream stream = File.OpenWrite(At("a.conf")))
        {
            Assert.Equal(0, Libc.fchown((int)stream.SafeFileHandle.DangerousGetHandle(), owner, group));
        }

        SafeFile.Write(At("a.conf"), "text"u8, holdsSecret: true);

        Assert.Equal((owner, group), OwnerOf(At("a.conf")));
    }

    [Fact]
    public void WhoReadsTheOldFileReadsAllOfIt()
    {
        File.WriteAllText(At("a.conf"), "the whole old text");
        using FileStream reader = File.OpenRead(At("a.conf"));

        SafeFile.Write(At("a.conf"), "new"u8, holdsSecret: false);

        Assert.Equal("the whole old text", new StreamReader(reader).ReadToEnd());
    }

    [Fact]
    public void TheFileBehindALinkIsReplacedAndTheLinkStays()
    {
        Directory.CreateDirectory(At("real"));
        File.WriteAllText(At("real/a.conf"), "old");
        File.CreateSymbolicLink(At("second.conf"), "real/a.conf");
        File.CreateSymbolicLink(At("first.conf"), At("second.conf"));

        SafeFile.Write(At("first.conf"), "text"u8, holdsSecret: false);

        Assert.Equal("text", File.ReadAllText(At("real/a.conf")));
        Assert.Equal((At("second.conf"), "real/a.conf"), (new FileInfo(At("first.conf")).LinkTarget, new FileInfo(At("second.conf")).LinkTarget));
        Assert.Equal(["first.conf", "real", "second.conf"], Names());
    }

    [Fact]
    public void ALinkToAFileThatIsNotThereYetIsWrittenThrough()
    {
        File.CreateSymbolicLink(At("a.conf"), "real.conf");

        SafeFile.Write(At("a.conf"), "text"u8, holdsSecret: false);

        Assert.Equal("text", File.ReadAllText(At("real.conf")));
        Assert.Equal("real.conf", new FileInfo(At("a.conf")).LinkTarget);
    }

    [Fact]
    public void WhatACrashLeftIsRemovedAndNothingElse()
    {
        foreach (string name in new[] { ".a.conf.k2x.saving", ".a.conf.z.saving", ".b.conf.k2x.saving", "a.conf.saving", ".a.conf", "xa.conf.k.saving" })
        {
            File.WriteAllText(At(name), "half a te");
        }

        SafeFile.Write(At("a.conf"), "text"u8, holdsSecret: false);

        Assert.Equal([".a.conf", ".b.conf.k2x.saving", "a.conf", "a.conf.saving", "xa.conf.k.saving"], Names());
    }

    [Fact]
    public void WhatCannotBeSavedLeavesNothingBehind()
    {
        Directory.CreateDirectory(At("a.conf"));
        File.CreateSymbolicLink(At("loop"), "loop");
        File.WriteAllText(At("file"), "x");

        AssertRefused(At("a.conf"), $"{At("a.conf")} is a directory or a device, and no file. Give the path of a file.");
        AssertRefused(At("nowhere/a.conf"), "Its directory does not exist. Create it, or give another path.");
        AssertRefused("/dev/null", "/dev/null is a directory or a device, and no file. Give the path of a file.");
        foreach (string path in new[] { At("loop"), At("file/a.conf"), At(new string('n', 250)), "" })
        {
            string message = Assert.Throws<IOException>(() => SafeFile.Write(path, "text"u8, holdsSecret: true)).Message;
            Assert.StartsWith($"{path} was not saved and is as it was. ", message, StringComparison.Ordinal);
            Assert.EndsWith(".", message, StringComparison.Ordinal);
        }

        Assert.Equal(["a.conf", "file", "loop"], Names());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public unsafe void ASaveThatFailsHalfWayIsReadByNobodyMeanwhileAndLeavesNothingBehind(bool holdsSecret)
    {
        const int Readable = 1 << 16;
        File.WriteAllText(At("a.conf"), "old");
        File.SetUnixFileMode(At("a.conf"), All);
        using GuardedMemory memory = new(1, Readable);
        int thread = Environment.CurrentManagedThreadId;
        List<(long Length, UnixFileMode Mode)> seen = [];
        // Exceptions are told here before anything is cleared away.
        void Look(object? sender, System.Runtime.ExceptionServices.FirstChanceExceptionEventArgs e)
        {
            if (Environment.CurrentManagedThreadId == thread && seen.Count == 0)
            {
                seen.AddRange(Directory.EnumerateFiles(directory, $"*{SafeFile.Suffix}").Select(file => (new FileInfo(file).Length, File.GetUnixFileMode(file))));
            }
        }

        AppDomain.CurrentDomain.FirstChanceException += Look;
        try
        {
            // The kernel cannot read the end of it, as if the disk were full there.
            Assert.Throws<IOException>(() => SafeFile.Write(At("a.conf"), new ReadOnlySpan<byte>(memory.Room(0, Readable), Readable + 1), holdsSecret));
        }
        finally
        {
            AppDomain.CurrentDomain.FirstChanceException -= Look;
        }

        Assert.Equal((Readable, Owners), Assert.Single(seen));
        Assert.Equal("old", File.ReadAllText(At("a.conf")));
        Assert.Equal(["a.conf"], Names());
    }

    private static unsafe (uint, uint) OwnerOf(string path)
    {
        Libc.statx_buffer buffer;
        Assert.Equal(0, Libc.statx(Libc.AT_FDCWD, path, 0, Libc.STATX_BASIC_STATS, &buffer));
        return (buffer.stx_uid, buffer.stx_gid);
    }

    private static void AssertRefused(string path, string reason) =>
        Assert.Equal($"{path} was not saved and is as it was. {reason}", Assert.Throws<IOException>(() => SafeFile.Write(path, "text"u8, holdsSecret: false)).Message);

    private string At(string name) => Path.Combine(directory, name);

    private string[] Names() => [.. Directory.EnumerateFileSystemEntries(directory).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
