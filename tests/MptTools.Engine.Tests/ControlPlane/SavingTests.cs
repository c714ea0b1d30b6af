using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;
using MptTools.Engine.Tests.Config;

namespace MptTools.Engine.Tests.ControlPlane;

/// <summary>What was changed at run time goes into the file; what somebody else wrote there stays.</summary>
public sealed class SavingTests : IDisposable
{
    private const string Key = "5EC2E75EC2E75EC2E75EC2E75EC2E75EC2E75EC2E75EC2E75EC2E75EC2E75EC2";

    private readonly TemporaryConfig directory = new();
    private readonly string text = "; mine\n" + ConfText.Connection().Set("path_0", "weight_out", "3 ; three");

    private string File => directory.File("connections/b.conf");
    private string Saved => System.IO.File.ReadAllText(File);
    private ConnectionConfig Loaded => ConfigLoader.ParseConnection("b.conf", text).Config!;

    public SavingTests() => directory.Write("connections/b.conf", text);

    public void Dispose() => directory.Dispose();

    [Fact]
    public void NothingChangedWritesNothing()
    {
        DateTime before = System.IO.File.GetLastWriteTimeUtc(File);
        Assert.False(Saving.Write(File, new SaveItem(Loaded, Loaded, false)));
        Assert.Equal((text, before), (Saved, System.IO.File.GetLastWriteTimeUtc(File)));
    }

    [Fact]
    public void WhatWasChangedIsWrittenInItsPlace()
    {
        Assert.True(Saving.Write(File, new SaveItem(With(path => path with { WeightOut = 9 }), Loaded, false)));
        Assert.Equal(text.Replace("3 ; three", "9 ; three"), Saved);
    }

    [Fact]
    public void WhatSomebodyElseHasChangedMeanwhileStays()
    {
        directory.Write("connections/b.conf", "; yours\n" + text.Replace("permission = 3", "permission = 1").Replace("weight_out = 2", "weight_out = 8"));
        Assert.True(Saving.Write(File, new SaveItem(With(path => path with { WeightOut = 9 }) with { ReorderWindow = 70 }, Loaded, false)));
        ConnectionConfig saved = ConfigLoader.LoadConnection(File).Config!;
        Assert.StartsWith("; yours\n; mine\n", Saved);
        Assert.Equal((ConnectionPermission.Send, 70), (saved.Permission, saved.ReorderWindow));
        Assert.Equal([9, 8], saved.Paths.Select(path => path.WeightOut));
    }

    [Fact]
    public void PathsAndNetworksAreAddedAndRemovedAmongThoseOfOthers()
    {
        ConnectionConfig loaded = Loaded;
        NetworkConfig network = loaded.Networks[0] with { Destination = System.Net.IPNetwork.Parse("22.0.0.0/8") };
        ConnectionConfig running = loaded with { Paths = [loaded.Paths[1] with { Index = 0 }], Networks = [network] };
        // Meanwhile somebody has given the path that goes another weight, and the file another network.
        directory.Write("connections/b.conf", ConfText.Connection().Set("path_0", "weight_out", "5").Set("connection", "network_count", "2")
            .Section("net_1", ("ip_ver", "4"), ("src_addr", "11.1.1.0/24"), ("dst_addr", "23.0.0.0/8")));
        Assert.True(Saving.Write(File, new SaveItem(running, loaded, false)));
        ConnectionConfig saved = ConfigLoader.LoadConnection(File).Config!;
        Assert.Equal(["eth2"], saved.Paths.Select(path => path.Interface));
        Assert.Equal(["23.0.0.0/8", "22.0.0.0/8"], saved.Networks.Select(item => $"{item.Destination}"));
    }

    [Fact]
    public void APathThatSomebodyElseHasTakenOutStaysOut()
    {
        directory.Write("connections/b.conf", ConfText.Connection().RemoveSection("path_1").Set("connection", "path_count", "1"));
        ConnectionConfig running = Loaded with { Paths = [.. Loaded.Paths.Select(path => path with { WeightOut = 4 })] };
        Assert.True(Saving.Write(File, new SaveItem(running, Loaded, false)));
        Assert.Equal(4, Assert.Single(ConfigLoader.LoadConnection(File).Config!.Paths).WeightOut);
    }

    [Fact]
    public void AFileThatIsFaultyNowStaysAsItIs()
    {
        string faulty = text.Replace("status = 128", "status = off");
        directory.Write("connections/b.conf", faulty);
        MptCommandException e = Assert.Throws<MptCommandException>(() => Saving.Write(File, new SaveItem(Loaded with { ReorderWindow = 7 }, Loaded, false)));
        Assert.Contains("was not saved and is as it was", e.Message);
        Assert.Contains("[path_1] status", e.Message);
        Assert.Equal(faulty, Saved);
    }

    [Fact]
    public void AFileThatIsGoneIsNotMadeAnew()
    {
        System.IO.File.Delete(File);
        Assert.False(Saving.Write(File, new SaveItem(Loaded with { ReorderWindow = 7 }, Loaded, false)));
        Assert.False(System.IO.File.Exists(File));
    }

    [Fact]
    public void AConnectionWithoutAFileGetsOneThatOnlyTheOwnerReadsWhereItHoldsAKey()
    {
        string created = directory.File("connections/peer_10_0_0_3.conf");
        ConnectionConfig running = Loaded with { File = "peer_10_0_0_3.conf" };
        Assert.True(Saving.Write(created, new SaveItem(running, null, false)));
        Assert.True(ConfigComparer.AreSame(running, ConfigLoader.LoadConnection(created).Config!));
        System.IO.File.Delete(created);
        Assert.True(Saving.Write(created, new SaveItem(running with { AuthenticationType = AuthenticationType.Sha256, AuthenticationKey = Key }, null, false)));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(created));
        }
    }

    [Fact]
    public void AFilesKeyGivesWayOnlyToOneThatWasSet()
    {
        string other = Key.Replace('5', 'F');
        string keyed = text.Replace("auth_type = 0", $"auth_type = 2\nauth_key = {Key}");
        directory.Write("connections/b.conf", keyed);
        ConnectionConfig loaded = ConfigLoader.ParseConnection("b.conf", keyed).Config!;
        Saving.Write(File, new SaveItem(loaded with { AuthenticationKey = other, ReorderWindow = 5 }, loaded, KeyIsSet: false));
        Assert.Equal((Key, 5), (ConfigLoader.LoadConnection(File).Config!.AuthenticationKey, ConfigLoader.LoadConnection(File).Config!.ReorderWindow));
        Saving.Write(File, new SaveItem(loaded with { AuthenticationKey = other, ReorderWindow = 6 }, loaded, KeyIsSet: true));
        Assert.Equal(other, ConfigLoader.LoadConnection(File).Config!.AuthenticationKey);
    }

    private ConnectionConfig With(Func<PathConfig, PathConfig> change) => Loaded with { Paths = [change(Loaded.Paths[0]), Loaded.Paths[1]] };
}
