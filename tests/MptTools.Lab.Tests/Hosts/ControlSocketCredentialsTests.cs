using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using MptTools.Engine;
using MptTools.Engine.Config;
using MptTools.Engine.ControlPlane;

namespace MptTools.Lab.Tests.Hosts;

/// <summary>Who is let in and who is believed, with the kernel's own word on real users and groups.</summary>
public sealed partial class ControlSocketCredentialsTests
{
    private const uint Nobody = 65534, Member = 4242;
    private static readonly string[] GroupFile = ["root:x:0:", $"mpt:x:{Member}:"];

    private readonly string name = "t-" + Guid.NewGuid().ToString("N")[..13];

    [LabTheory]
    [InlineData(0u, 0u, new uint[0], true)]
    [InlineData(Nobody, Nobody, new uint[0], false)]
    [InlineData(Nobody, Member, new uint[0], true)]
    [InlineData(Nobody, Nobody, new uint[] { 7, Member, 9 }, true)]
    [InlineData(Nobody, Nobody, new uint[] { 7, 9 }, false)]
    public void Root_and_members_of_the_group_are_let_in(uint user, uint group, uint[] supplementary, bool expected)
    {
        using Socket listener = Listen();
        using Socket client = As(user, group, supplementary, () => Connect(name));
        using Socket accepted = listener.Accept();

        Assert.Equal(user, PeerCredentials.Of(accepted).UserId);
        Assert.Equal(expected, ControlAccess.IsAllowed(accepted, GroupFile));
    }

    [LabFact]
    public void Many_groups_are_all_looked_at()
    {
        using Socket listener = Listen();
        uint[] groups = [.. Enumerable.Range(10_000, 300).Select(group => (uint)group), Member];
        using Socket client = As(Nobody, Nobody, groups, () => Connect(name));
        using Socket accepted = listener.Accept();

        Assert.True(ControlAccess.IsAllowed(accepted, GroupFile));
    }

    [LabFact]
    public void Server_of_another_user_is_not_talked_to()
    {
        using Socket listener = As(Nobody, Nobody, [], Listen);

        var e = Assert.Throws<MptCommandException>(() => MptClient.Connect(name));

        Assert.Equal(MptErrorKind.NotTrusted, e.Kind);
        Assert.Contains($"user {Nobody}", e.Message);
        Assert.DoesNotContain(name, MptClient.ListServers());
        using Socket accepted = listener.Accept();
        Assert.Equal(0, accepted.Receive(new byte[1]));
    }

    [LabFact]
    public void Name_taken_by_another_user_is_named_as_such()
    {
        using Socket listener = As(Nobody, Nobody, [], Listen);

        var e = Assert.Throws<ControlSocketTakenException>(() => ControlSocketServer.Open(new NamedOnly(name)));

        Assert.Contains($"user {Nobody}", e.Message);
        Assert.Contains("no MptTools server", e.Message);
    }

    private Socket Listen()
    {
        Socket listener = ControlProtocol.NewSocket();
        listener.Bind(ControlProtocol.EndPoint(name));
        listener.Listen();
        return listener;
    }

    private static Socket Connect(string name)
    {
        Socket client = ControlProtocol.NewSocket();
        client.Connect(ControlProtocol.EndPoint(name));
        return client;
    }

    /// <summary>Runs something as another user, on a thread that ends with it: the kernel keeps users by thread.</summary>
    private static T As<T>(uint user, uint group, uint[] supplementary, Func<T> action)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Become(user, group, supplementary);
                result = action();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    // The C library's own functions would change all threads of the process.
    private static unsafe void Become(uint user, uint group, uint[] supplementary)
    {
        (nint setgroups, nint setresgid, nint setresuid) = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => (116, 119, 117),
            Architecture.Arm64 => (159, 149, 147),
            var other => throw new PlatformNotSupportedException($"The numbers of the system calls for {other} are not known here."),
        };
        fixed (uint* groups = supplementary)
        {
            Assert.Equal(0, syscall(setgroups, supplementary.Length, (nint)groups, 0));
        }
        Assert.Equal(0, syscall(setresgid, (nint)group, (nint)group, (nint)group));
        Assert.Equal(0, syscall(setresuid, (nint)user, (nint)user, (nint)user));
    }

    [LibraryImport("libc")]
    private static partial nint syscall(nint number, nint first, nint second, nint third);

    private sealed class NamedOnly(string name) : IServerControl
    {
        public string Name => name;
        public Task Completion => throw new NotSupportedException();
        public ServerStatus GetStatus() => throw new NotSupportedException();
        public PathStatus SetPathStatus(string connection, int path, bool up) => throw new NotSupportedException();
        public void Reload(string? file = null) => throw new NotSupportedException();
        public void Restart(string? file = null) => throw new NotSupportedException();
        public void Delete(string file) => throw new NotSupportedException();
        public IReadOnlyList<string> Save(string? file = null) => throw new NotSupportedException();
        public void SetConnection(string connection, IReadOnlyDictionary<string, string> settings) => throw new NotSupportedException();
        public int AddPath(string connection, IReadOnlyDictionary<string, string> settings) => throw new NotSupportedException();
        public void SetPath(string connection, int path, IReadOnlyDictionary<string, string> settings) => throw new NotSupportedException();
        public void RemovePath(string connection, int path) => throw new NotSupportedException();
        public int AddRule(string connection, IReadOnlyDictionary<string, string> settings, int? position = null) => throw new NotSupportedException();
        public void SetRule(string connection, int rule, IReadOnlyDictionary<string, string> settings) => throw new NotSupportedException();
        public void RemoveRule(string connection, int rule) => throw new NotSupportedException();
        public MappingAnswer TestMapping(MappingQuestion question) => throw new NotSupportedException();
        public int AddNetwork(string connection, string source, string destination) => throw new NotSupportedException();
        public void RemoveNetwork(string connection, string source, string destination) => throw new NotSupportedException();
        public Task CreateAsync(string file) => throw new NotSupportedException();
        public void AddAddress(string interfaceName, InterfaceAddress address) => throw new NotSupportedException();
        public void RemoveAddress(string interfaceName, InterfaceAddress address) => throw new NotSupportedException();
        public void SetInterface(string interfaceName, bool up) => throw new NotSupportedException();
        public void RequestStop() => throw new NotSupportedException();
        public IDisposable Subscribe(Action<MptEvent> observer) => throw new NotSupportedException();
    }
}
