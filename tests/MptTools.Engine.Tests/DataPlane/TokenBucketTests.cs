using MptTools.Engine.DataPlane;

namespace MptTools.Engine.Tests.DataPlane;

public class TokenBucketTests
{
    [Fact]
    public void SoManyAtOnceAndSoManyASecond()
    {
        TokenBucket bucket = new(capacity: 50, perSecond: 1000);
        Assert.Equal(50, Take(ref bucket, 100, TimeSpan.Zero));
        Assert.Equal(0, Take(ref bucket, 1, TimeSpan.FromMicroseconds(999)));
        Assert.Equal(1, Take(ref bucket, 5, TimeSpan.FromMilliseconds(1)));
        Assert.Equal(10, Take(ref bucket, 100, TimeSpan.FromMilliseconds(11)));
        Assert.Equal(50, Take(ref bucket, 100, TimeSpan.FromDays(365)));
    }

    [Fact]
    public void NoFractionIsLostHoweverOftenItIsAsked()
    {
        TokenBucket bucket = new(capacity: 2, perSecond: 7);
        int taken = 0;
        for (long microseconds = 0; microseconds <= 10_000_000; microseconds += 13)
        {
            taken += Take(ref bucket, 1, TimeSpan.FromMicroseconds(microseconds));
        }
        Assert.Equal(2 + 69, taken);
    }

    private static int Take(ref TokenBucket bucket, int wanted, TimeSpan now)
    {
        int taken = 0;
        for (int i = 0; i < wanted; i++)
        {
            taken += bucket.TryTake(now) ? 1 : 0;
        }
        return taken;
    }
}
