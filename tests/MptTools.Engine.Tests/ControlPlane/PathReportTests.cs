using MptTools.Engine.Config;

namespace MptTools.Engine.Tests.ControlPlane;

/// <summary>What the peer is told of a path, and what not.</summary>
public sealed class PathReportTests : IDisposable
{
    private readonly ControllerBench bench = new();

    public void Dispose() => bench.Dispose();

    [Fact]
    public void Orders_are_told_whatever_the_path_was_before()
    {
        bench.PassTo(0);
        bench.Controller.SetPathStatus(1, up: false, TimeSpan.Zero);
        bench.Controller.SetPathStatus(1, up: false, TimeSpan.Zero);
        bench.Controller.SetPathStatus(1, up: true, TimeSpan.Zero);
        bench.Controller.SetPathStatus(1, up: true, TimeSpan.Zero);

        Assert.Equal(["1 down by hand", "1 down by hand", "1 up by hand", "1 up by hand"], bench.Reports);
    }

    [Fact]
    public void An_order_that_cannot_be_followed_here_is_not_given_to_the_peer()
    {
        bench.PassTo(0);
        bench.Controller.SetPathStatus(0, up: false, TimeSpan.Zero);
        bench.Controller.Paths[0].Monitor.LinkChanged(false, true, TimeSpan.Zero);
        bench.Controller.SetPathStatus(0, up: true, TimeSpan.Zero);

        Assert.Equal(PathStatusCode.InterfaceDown, bench.Controller.Paths[0].Monitor.Status);
        Assert.Equal(["0 down by hand"], bench.Reports);
    }

    [Fact]
    public void The_dead_timer_is_told_once_and_the_return_by_a_keepalive_is_not()
    {
        bench.PassTo(0);
        bench.HearPlain(0);
        bench.Now = 2500;
        bench.HearPlain(0);
        bench.PassTo(5000);
        Assert.Equal(["1 down"], bench.Reports);

        bench.HearPlain(1);
        Assert.Equal(PathStatusCode.Up, bench.Controller.Paths[1].Monitor.Status);
        Assert.Equal(["1 down"], bench.Reports);
    }

    [Fact]
    public void What_the_peer_says_is_not_told_back()
    {
        bench.PassTo(0);
        bench.Controller.SetPathStatusByPeer(bench.Controller.Paths[1], up: false, TimeSpan.Zero);
        Assert.Equal(PathStatusCode.Down, bench.Controller.Paths[1].Monitor.Status);
        bench.Controller.SetPathStatusByPeer(bench.Controller.Paths[1], up: true, TimeSpan.Zero);
        Assert.Equal(PathStatusCode.Up, bench.Controller.Paths[1].Monitor.Status);

        Assert.Empty(bench.Reports);
        Assert.Equal(
            ["is down: the peer does not use it.", "is up: the peer takes it into use."],
            bench.Events().Where(happened => happened.Kind == MptEventKind.PathChanged).Select(happened => happened.Message[(happened.Message.IndexOf(") ") + 2)..]));
    }
}
